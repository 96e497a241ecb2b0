"""Faults in what the ledger promises people and the world outside, the rows being sound."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from forgeledger.contracts import job_events
from forgeledger.domain.facts import Fact
from forgeledger.domain.jobs import Job
from tests.simulation.mutant import Mutants

PROMISES = Mutants()


def _telling(**wrong: Callable[[dict[str, Any], Fact], Any]) -> AbstractContextManager[Any]:
    original = job_events.detail_of

    def detail_of(job: Job, fact: Fact) -> dict[str, Any]:
        detail = original(job, fact)
        return detail | {name: of(detail, fact) for name, of in wrong.items() if name in detail}

    return patch.object(job_events, "detail_of", detail_of)


@PROMISES.named("an event tells the total for what is completed")
def told_total() -> Iterator[None]:
    with _telling(completed=lambda detail, _: detail["total"]):
        yield


@PROMISES.named("an event always tells COMPLETED")
def told_completed() -> Iterator[None]:
    with _telling(status=lambda *_: "COMPLETED"):
        yield


@PROMISES.named("an event always tells the first epoch")
def told_first_epoch() -> Iterator[None]:
    with _telling(epoch=lambda *_: 1):
        yield


@PROMISES.named("an event tells another name than the job's")
def told_name() -> Iterator[None]:
    with _telling(name=lambda *_: "a job"):
        yield


@PROMISES.named("an event tells seconds for milliseconds")
def told_seconds() -> Iterator[None]:
    with _telling(durationMs=lambda _, fact: fact.duration_ms // 1000):
        yield


@PROMISES.named("a failed job's event always tells the tolerance")
def told_tolerance() -> Iterator[None]:
    with _telling(reason=lambda *_: "tolerance"):
        yield
