"""Mutants of a job's creation, and of the creation's data in events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Final
from unittest.mock import patch

from forgeledger.jobs.http.request_bodies import CreateJob
from forgeledger.jobs.messages import job_events
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.creation import SealedCreation
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.jobs import Job, JobSpec, Tolerance
from forgeledger.jobs.model.lanes import Counts, Head, LaneRules
from forgeledger.jobs.storage import job_store
from forgeledger.jobs.usecases import create_job
from forgeledger.jobs.usecases.create_job import Created, JobCreator, NewJob
from forgeledger.repeat import Repeat
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

        def spec(new: NewJob, *arguments: Any) -> JobSpec:
            return replace(original(new, *arguments), **change)

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

    def create(*arguments: Any) -> tuple[Job, tuple[Head, ...], Fact]:
        job, heads, fact = original(*arguments)
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


# What decides a sealed creation, and a defect of it.
_CreateSealed = Callable[
    [JobSpec, Mapping[int, Sequence[Command]], str | None, int], SealedCreation | None
]


def _decided(defect: Callable[[_CreateSealed], _CreateSealed]) -> AbstractContextManager[None]:
    return _patched(create_job, "create_sealed", defect(create_job.create_sealed))


@contextmanager
def _patched(owner: object, name: str, value: object) -> Iterator[None]:
    with patch.object(owner, name, value):
        yield


@CREATION.named("of a sealed creation, items that do not fit its transaction are left out")
def items_left_out() -> Iterator[None]:
    def defect(original: _CreateSealed) -> _CreateSealed:
        def decide(
            spec: JobSpec,
            registrations: Mapping[int, Sequence[Command]],
            client_id: str | None,
            more_rows: int,
        ) -> SealedCreation | None:
            shares = {lane: list(share) for lane, share in registrations.items()}
            while (made := original(spec, shares, client_id, more_rows)) is None:
                if not any(shares.values()):
                    return None
                max(shares.values(), key=len).pop()
            return made

        return decide

    with _decided(defect):
        yield


@CREATION.named("a sealed creation seals the job without its items")
def sealed_without_items() -> Iterator[None]:
    with _decided(lambda original: lambda spec, _, *others: original(spec, {}, *others)):
        yield


@CREATION.named("the seal of a sealed creation counts no items")
def seal_counts_nothing() -> Iterator[None]:
    def defect(original: _CreateSealed) -> _CreateSealed:
        def decide(*arguments: Any) -> SealedCreation | None:
            made = original(*arguments)
            if made is None:
                return None
            created, sealed = made.facts
            return replace(made, facts=(created, replace(sealed, counts=Counts())))

        return decide

    with _decided(defect):
        yield


def _stored_without(
    is_lost: Callable[[dict[str, Any]], bool],
) -> Callable[[], AbstractContextManager[None]]:
    """A sealed creation whose transaction lacks some rows."""

    def install() -> AbstractContextManager[None]:
        original = job_store.sealed_creation_actions

        def actions(*arguments: Any) -> list[dict[str, Any]]:
            return [action for action in original(*arguments) if not is_lost(action["Put"]["Item"])]

        return _patched(job_store, "sealed_creation_actions", actions)

    return install


CREATION += [
    Mutant(
        "a sealed creation stores no items",
        _stored_without(lambda row: row["SK"]["S"].startswith("ITEM#")),
    ),
    Mutant(
        "a sealed creation stores the journal of its first lane only",
        _stored_without(
            lambda row: row["SK"]["S"].startswith("LOG#") and not row["PK"]["S"].endswith("#0")
        ),
    ),
    Mutant(
        "a sealed creation stores no fact of its seal",
        _stored_without(lambda row: row["SK"]["S"] == "FACT#000000000001"),
    ),
]


@CREATION.named("a repeated sealed creation replaces the job")
def creation_replaces() -> Iterator[None]:
    original = job_store.sealed_creation_actions

    def actions(*arguments: Any) -> list[dict[str, Any]]:
        made = original(*arguments)
        for action in made:
            del action["Put"]["ConditionExpression"]
        return made

    with patch.object(job_store, "sealed_creation_actions", actions):
        yield


@CREATION.named("a sealed creation that finds its job made makes another one")
def creation_makes_another() -> Iterator[None]:
    original = JobCreator.create

    def create(
        self: JobCreator, new: NewJob, repeat: Repeat | None = None, *rest: Any, **more: Any
    ) -> Created:
        created = original(self, new, repeat, *rest, **more)
        registered = created.registered
        found = new.seal and registered is not None and registered.already_existed
        return original(self, new, None, *rest, **more) if found else created

    with patch.object(JobCreator, "create", create):
        yield
