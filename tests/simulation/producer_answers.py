"""Creations that are not answered yet, and the answers to producers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forgeledger.errors import ExecuteAtPast
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import Registered
from forgeledger.repeat import Repeat
from tests.simulation.request_checks import CLIENT
from tests.simulation.workloads import Workload


@dataclass(frozen=True, slots=True)
class UnansweredCreation:
    """A creation that was not answered yet."""

    number: int
    seed: int
    workload: Workload
    # When the creation was first requested.
    first_tried_at: int
    by_sdk: bool


@dataclass(frozen=True, slots=True)
class ProducerAnswer:
    """An answer to a producer, with the commands to which its request amounts."""

    job_id: str
    registered: Registered | None
    commands: Sequence[Command]
    # Whether no request was sent twice.
    first: bool = True
    # Because the time of its start was over.
    is_refused: bool = False


REFUSED = ProducerAnswer("", None, (), is_refused=True)


def created_or_refused(services: Any, new: NewJob, repeat: Repeat) -> Any:
    try:
        return services.creator.create(new, repeat, client_id=CLIENT)
    except ExecuteAtPast:
        return REFUSED
