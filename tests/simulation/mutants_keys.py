"""Mutants of job keys."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.job_keys import KeyClaim, KeyHolder
from forgeledger.jobs.model.jobs import Job, JobPhase
from forgeledger.jobs.storage import job_key_rows, job_store, job_writes
from forgeledger.jobs.storage.job_store import DynamoJobStore
from forgeledger.jobs.usecases import change_job, create_job
from forgeledger.jobs.usecases.create_job import JobCreator, KeyRequest, NewJob
from tests.simulation.mutant import Mutants

KEYS = Mutants()


def _keyed(change: Any) -> Any:
    """Create with a key as if the request was another one."""
    original = JobCreator._create_with_key

    def create_with_key(self: JobCreator, creation: Any, key: KeyRequest) -> Any:
        return original(self, creation, change(key))

    return patch.object(JobCreator, "_create_with_key", create_with_key)


@KEYS.named("a job key is freed without being asked")
def freed_without_being_asked() -> Iterator[None]:
    with _keyed(lambda key: replace(key, after_failure=True)):
        yield


@KEYS.named("a job key never moves")
def never_moves() -> Iterator[None]:
    with _keyed(lambda key: replace(key, after_failure=False)):
        yield


@KEYS.named("the fingerprint of a job key is ignored")
def fingerprint_ignored() -> Iterator[None]:
    original = DynamoJobStore.key_holder

    def key_holder(self: DynamoJobStore, client_id: str, job_key: str) -> KeyHolder | None:
        holder = original(self, client_id, job_key)
        return holder and replace(holder, fingerprint=_Any())

    class _Any(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    with patch.object(DynamoJobStore, "key_holder", key_holder):
        yield


@KEYS.named("a job key moves from a job that succeeded")
def moves_from_a_success() -> Iterator[None]:
    with patch.object(create_job, "ended_badly", lambda job: job.finished):
        yield


@KEYS.named("a job key moves from a job that runs")
def moves_from_a_running_job() -> Iterator[None]:
    with patch.object(create_job, "ended_badly", lambda _: True):
        yield


@KEYS.named("the failed item of a one-item job is tolerated")
def single_failure_tolerated() -> Iterator[None]:
    with patch.object(create_job, "ended_badly", lambda job: job.status in ("FAILED", "CANCELED")):
        yield


@KEYS.named("a job key is written after the transaction of its job")
def written_afterwards() -> Iterator[None]:
    original = JobCreator._create

    def create(self: JobCreator, creation: Any, claim: KeyClaim | None) -> Any:
        made = original(self, creation, None)
        if claim is not None and made is not None:
            store: Any = self.jobs
            job = made.view.job
            store._table.transact(
                job_key_rows.claim_actions(store._table.name, job, claim), store._new_id()
            )
        return made

    with patch.object(JobCreator, "_create", create):
        yield


def _claim_without(part: str) -> Any:
    """The actions of a claim, changed."""
    original = job_key_rows.claim_actions

    def claim_actions(table: str, job: Job, claim: KeyClaim | None) -> list[Any]:
        actions = original(table, job, claim)
        if part == "mark":
            return [action for action in actions if "Put" in action]
        for action in actions:
            body = next(iter(action.values()))
            if part == "header" and "Update" in action:
                body["ConditionExpression"] = "attribute_exists(PK)"
                del body["ExpressionAttributeValues"][":facts"]
            if part == "key" and "Put" in action and claim is not None and claim.former is None:
                del body["ConditionExpression"]
        return actions

    return patch.object(job_store, "claim_actions", claim_actions)


@KEYS.named("a job key replaces that of another job")
def key_replaced() -> Iterator[None]:
    with _claim_without("key"):
        yield


@KEYS.named("a job whose key moved is not marked")
def not_marked() -> Iterator[None]:
    with _claim_without("mark"):
        yield


@KEYS.named("a job key moves though its job runs again by now")
def moves_without_the_header() -> Iterator[None]:
    with _claim_without("header"):
        yield


@KEYS.named("a retry does not look at a key that moved")
def retry_ignores_the_move() -> Iterator[None]:
    original = Job.phase

    def phase(self: Job, now: int) -> JobPhase:
        return original(replace(self, key_moved=None), now)

    with patch.object(Job, "phase", phase):
        yield


@KEYS.named("a retry of a job whose key moved is refused for another reason")
def retry_refused_otherwise() -> Iterator[None]:
    original = Job.phase

    def phase(self: Job, now: int) -> JobPhase:
        found = original(self, now)
        return JobPhase.ENDING if found is JobPhase.KEY_MOVED else found

    with patch.object(Job, "phase", phase):
        yield


@KEYS.named("a reopening does not look at a key that moved")
def reopening_ignores_the_move() -> Iterator[None]:
    original = change_job._reopen

    def reopen(job: Job, *arguments: Any, **options: Any) -> Any:
        return original(replace(job, key_moved=None), *arguments, **options)

    with patch.object(change_job, "_reopen", reopen):
        yield


@KEYS.named("a job runs again without its key, if it was read before that moved")
def runs_again_without_its_key() -> Iterator[None]:
    with patch.object(job_writes, "ttl_actions", _unconditional_ttl):
        yield


def _unconditional_ttl(table: str, before: Job, after: Job) -> list[Any]:
    actions = job_key_rows.ttl_actions(table, before, after)
    return [] if before.finished else actions


@KEYS.named("a job key never expires")
def never_expires() -> Iterator[None]:
    with patch.object(job_key_rows, "_ttl_of_key", lambda _: None):
        yield


@KEYS.named("the key of a job that runs again expires")
def expires_while_it_runs() -> Iterator[None]:
    original = job_key_rows.ttl_actions

    def ttl_actions(table: str, before: Job, after: Job) -> list[Any]:
        actions = original(table, before, after)
        for action in actions:
            body = action["Update"]
            if body["UpdateExpression"].startswith("REMOVE"):
                body["UpdateExpression"] = "SET #ttl = #ttl"
        return actions

    with patch.object(job_writes, "ttl_actions", ttl_actions):
        yield


@KEYS.named("a repeated creation with a key leaves undone what the first one left")
def not_carried_on() -> Iterator[None]:
    def carry_on(self: JobCreator, creation: Any, view: Any) -> Any:
        return create_job.Created(view=view, existed=True)

    with patch.object(JobCreator, "_carry_on", carry_on):
        yield


@KEYS.named("a repeated creation with a key seals a job that was reopened")
def seals_a_reopened_job() -> Iterator[None]:
    original = JobCreator._carry_on

    def carry_on(self: JobCreator, creation: Any, view: Any) -> Any:
        job = view.job
        seen = replace(view, job=replace(job, epoch=1)) if not job.sealed else view
        return original(self, creation, seen)

    with patch.object(JobCreator, "_carry_on", carry_on):
        yield


@KEYS.named("all clients share their job keys")
def shared_by_clients() -> Iterator[None]:
    original = job_key_rows.job_key_key

    def job_key_key(client_id: str, job_key: str) -> Any:
        del client_id
        return original("operator", job_key)

    with (
        patch.object(job_key_rows, "job_key_key", job_key_key),
        patch.object(job_store, "job_key_key", job_key_key),
    ):
        yield


@KEYS.named("a job is created without its key")
def created_without_its_key() -> Iterator[None]:
    original = create_job._spec

    def spec(new: NewJob, *arguments: Any) -> Any:
        return replace(original(new, *arguments), job_key=None)

    with patch.object(create_job, "_spec", spec):
        yield
