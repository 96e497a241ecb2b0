"""Mutants of a job's creation, and of the creation's data in events."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

from forgeledger.jobs.http.request_bodies import CreateJob
from forgeledger.jobs.messages import job_events
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.jobs import Job, JobSpec, Tolerance
from forgeledger.jobs.model.lanes import Head, LaneRules
from forgeledger.jobs.usecases import create_job
from forgeledger.jobs.usecases.create_job import NewJob
from tests.simulation.mutant import Mutant, Mutants

CREATION = Mutants()

# Fields of a creation that are replaced by their defaults.
_DEFAULTS: Final[dict[str, Any]] = {
    "tolerance": Tolerance(),
    "deadline_seconds": None,
    "expected_items": None,
    "rules": LaneRules(),
    "metadata": "{}",
    "tags": (),
}


def _spec_with(change: dict[str, Any]) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def install() -> Iterator[None]:
        original = create_job._spec

        def spec(new: NewJob, job_id: str, now: int) -> JobSpec:
            return replace(original(new, job_id, now), **change)

        with patch.object(create_job, "_spec", spec):
            yield

    return install


CREATION += [
    Mutant(f"a job is created without its {name}", _spec_with({name: default}))
    for name, default in _DEFAULTS.items()
]


@CREATION.named("lanes keep to other rules than their job")
def lanes_with_other_rules() -> Iterator[None]:
    original = create_job.create

    def create(spec: JobSpec) -> tuple[Job, tuple[Head, ...], Fact]:
        job, heads, fact = original(spec)
        return job, tuple(replace(head, rules=LaneRules()) for head in heads), fact

    with patch.object(create_job, "create", create):
        yield


@CREATION.named("over HTTP a tolerated share of failures is not understood")
def percentage_lost_over_http() -> Iterator[None]:
    original = CreateJob.new_job

    def new_job(self: CreateJob) -> NewJob:
        new = original(self)
        return replace(new, tolerance=replace(new.tolerance, failure_percent=None))

    with patch.object(CreateJob, "new_job", new_job):
        yield


def _event_without(name: str, default: Any) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def install() -> Iterator[None]:
        original = job_events.detail_of

        def detail_of(job: Job, fact: Fact) -> dict[str, Any]:
            return {**original(job, fact), name: default}

        with patch.object(job_events, "detail_of", detail_of):
            yield

    return install


CREATION += [
    Mutant("an event without metadata", _event_without("metadata", {})),
    Mutant("an event without tags", _event_without("tags", [])),
]
