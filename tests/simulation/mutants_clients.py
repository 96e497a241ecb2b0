"""Mutants of who asked: clients that are forgotten, or named for what they did not ask for."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.http import journal_bodies
from forgeledger.jobs.model import job_lifecycle
from forgeledger.jobs.model.commands import FollowGate
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.usecases import apply_commands
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.register_items import ItemRegistrar
from tests.simulation.mutant import Mutants

CLIENTS = Mutants()


@CLIENTS.named("commands from the queue are the operator's")
def queue_of_the_operator() -> Iterator[None]:
    original = LaneWriter.steps

    def steps(self: LaneWriter, *arguments: Any) -> Iterator[Any]:
        # Only the intake calls it without a client.
        from_queue = len(arguments) == 4
        return original(self, *arguments, *(["operator"] if from_queue else []))

    with patch.object(LaneWriter, "steps", steps):
        yield


@CLIENTS.named("a registration does not say who asked for it")
def registered_by_nobody() -> Iterator[None]:
    original = ItemRegistrar.register

    def register(self: ItemRegistrar, *arguments: Any, **more: Any) -> Any:
        return original(self, *arguments, **more | {"client_id": None})

    with patch.object(ItemRegistrar, "register", register):
        yield


@CLIENTS.named("a lane that follows its job does not say who asked for that")
def lanes_follow_nobody() -> Iterator[None]:
    original = apply_commands.decide

    def decide(head: Any, items: Any, commands: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(commands[0], FollowGate):
            more["client_id"] = None
        return original(head, items, commands, *rest, **more)

    with patch.object(apply_commands, "decide", decide):
        yield


@CLIENTS.named("the end of a canceled job does not say who asked for it")
def canceled_by_nobody() -> Iterator[None]:
    original = job_lifecycle._verdict

    def verdict(*arguments: Any, client_id: str | None = None) -> Any:
        del client_id
        return original(*arguments)

    with patch.object(job_lifecycle, "_verdict", verdict):
        yield


@CLIENTS.named("a job that fails by a rule names whoever asked for its latest step")
def failed_by_the_last_client() -> Iterator[None]:
    original = job_lifecycle._closing

    def closing(job: Job, *rest: Any, client_id: str | None = None) -> Any:
        return original(job, *rest, client_id=client_id or job.gate_client_id)

    with patch.object(job_lifecycle, "_closing", closing):
        yield


@CLIENTS.named("a retry that reopens its job does not say who asked for it")
def reopened_by_nobody() -> Iterator[None]:
    original = apply_commands.reopen

    def reopen(*arguments: Any, **more: Any) -> Any:
        return original(*arguments, **more | {"client_id": None})

    with patch.object(apply_commands, "reopen", reopen):
        yield


@CLIENTS.named("an event over HTTP does not show who asked for it")
def clients_not_shown() -> Iterator[None]:
    original = journal_bodies.EventBody

    def event_body(**fields: Any) -> Any:
        return original(**fields | {"client_id": None})

    with patch.object(journal_bodies, "EventBody", event_body):
        yield
