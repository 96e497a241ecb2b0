"""Every store: a job's key is written with the job, and follows it to its end and back."""

from collections.abc import Callable
from typing import Any

import pytest

from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.commands import FollowGate
from forgeledger.jobs.model.creation import SealedCreation
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_keys import KeyClaim, KeyHolder
from forgeledger.jobs.model.job_lifecycle import cancel, create, next_step, reopen
from forgeledger.jobs.model.jobs import OPERATOR, Job
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules
from forgeledger.jobs.ports import JobChange, JobView, LedgerStore
from forgeledger.jobs.storage.keys import header_key, job_key_key
from forgeledger.runtime import Runtime
from tests.support.builders import NOW, make_command, make_spec
from tests.support.creations import sealed_creation
from tests.support.lane_steps import apply, decided, follow, loaded, new_commit_id
from tests.support.stored_jobs import reopened_job, verdict_of

DAY_SECONDS = 24 * 3_600
FIRST, SECOND = KeyClaim(fingerprint="first"), KeyClaim(fingerprint="second")


@pytest.fixture
def other(moment: int) -> str:
    return make_job_id(moment, 8, 1)


@pytest.fixture
def engine_store(table: tuple[Any, str]) -> LedgerStore:
    """On DynamoDB alone: the store in memory keeps no TTL of keys."""
    return ledger_store(*table, Runtime())


def key_of(job_id: str) -> str:
    """A key of this test alone, since all tests share a table."""
    return f"report {job_id}"


def new(job_id: str, key: str, **spec: object) -> Any:
    return create(make_spec(job_id=job_id, job_key=key, **spec))


def created(store: LedgerStore, job_id: str, **spec: object) -> JobView:
    assert store.create_job(*new(job_id, key_of(job_id), **spec), claim=FIRST)
    return loaded(store, job_id)


def canceled(store: LedgerStore, job_id: str, **spec: object) -> Job:
    view = created(store, job_id, **spec)
    closing = cancel(view.job, Counts(), NOW)
    assert store.commit_job(JobChange(before=view.job, job=closing.job, facts=closing.facts))
    follow(store, closing.job)
    assert store.commit_job(verdict_of(loaded(store, job_id)))
    return loaded(store, job_id).job


def failed(store: LedgerStore, job_id: str) -> Job:
    """A sealed job whose one item failed."""
    creation = sealed_creation(job_id, ["a"], job_key=key_of(job_id))
    assert creation is not None
    assert store.create_sealed_job(creation, claim=FIRST)
    apply(store, job_id, make_command("fail", item_id="a"))
    view = loaded(store, job_id)
    noted = next_step(view.job, view.heads, NOW)
    assert store.commit_job(JobChange(before=view.job, job=noted.job, facts=noted.facts))
    assert store.commit_job(verdict_of(loaded(store, job_id)))
    return loaded(store, job_id).job


def reopening_of(job: Job, mode: LaneMode = LaneMode.OPEN) -> JobChange:
    step = reopen(job, NOW + 9_000, mode=mode)
    return JobChange(before=job, job=step.job, facts=step.facts)


def retry_in(store: LedgerStore, job: Job) -> Callable[[], bool]:
    """The retry of the failed item of a finished job, decided now and committed later."""
    change = reopening_of(job, LaneMode.SEALED)
    gate = FollowGate(gate=change.job.gate, mode=LaneMode.SEALED)
    commit = decided(store, job.job_id, gate, make_command("retry", item_id="a"))
    return lambda: store.commit_lane(commit, new_commit_id(), reopening=change)


def keyed_creation(job_id: str, key: str) -> SealedCreation:
    creation = sealed_creation(job_id, ["a", "b"], job_key=key)
    assert creation is not None
    return creation


def test_a_key_names_the_job_that_was_created_with_it(store: LedgerStore, job_id: str) -> None:
    view = created(store, job_id, client_id="client-1")

    holder = KeyHolder(job_id=job_id, fingerprint="first")
    assert store.key_holder("client-1", key_of(job_id)) == holder
    assert store.key_holder(OPERATOR, key_of(job_id)) is None
    assert (view.job.spec.job_key, view.job.spec.client_id) == (key_of(job_id), "client-1")


@pytest.mark.parametrize("sealed", [False, True])
def test_of_a_second_job_with_the_key_nothing_is_created(
    store: LedgerStore, job_id: str, other: str, *, sealed: bool
) -> None:
    created(store, job_id)

    if sealed:
        assert not store.create_sealed_job(keyed_creation(other, key_of(job_id)), claim=SECOND)
    else:
        assert not store.create_job(*new(other, key_of(job_id)), claim=SECOND)

    assert store.load_job(other) is None
    holder = KeyHolder(job_id=job_id, fingerprint="first")
    assert store.key_holder(OPERATOR, key_of(job_id)) == holder


def test_of_a_job_that_exists_already_the_key_is_not_written(
    store: LedgerStore, job_id: str
) -> None:
    created(store, job_id)

    assert not store.create_job(*new(job_id, f"{key_of(job_id)} again"), claim=SECOND)
    assert store.key_holder(OPERATOR, f"{key_of(job_id)} again") is None


@pytest.mark.parametrize("sealed", [False, True])
def test_a_key_moves_from_a_finished_job_and_marks_it(
    store: LedgerStore, job_id: str, other: str, *, sealed: bool
) -> None:
    former = canceled(store, job_id)
    claim = KeyClaim(fingerprint="second", former=former)

    if sealed:
        assert store.create_sealed_job(keyed_creation(other, key_of(job_id)), claim=claim)
    else:
        assert store.create_job(*new(other, key_of(job_id)), claim=claim)

    assert loaded(store, job_id).job.key_moved == other
    assert loaded(store, other).job.key_moved is None
    holder = KeyHolder(job_id=other, fingerprint="second")
    assert store.key_holder(OPERATOR, key_of(job_id)) == holder


def test_it_does_not_move_from_a_job_that_was_reopened_meanwhile(
    store: LedgerStore, job_id: str, other: str
) -> None:
    former = canceled(store, job_id)
    reopened_job(store, loaded(store, job_id))

    claim = KeyClaim(fingerprint="second", former=former)

    assert not store.create_job(*new(other, key_of(job_id)), claim=claim)
    assert store.load_job(other) is None
    assert loaded(store, job_id).job.key_moved is None


def test_it_moves_once(store: LedgerStore, job_id: str, other: str, moment: int) -> None:
    claim = KeyClaim(fingerprint="second", former=canceled(store, job_id))
    third = make_job_id(moment, 9, 1)

    assert store.create_job(*new(other, key_of(job_id)), claim=claim)
    assert not store.create_job(*new(third, key_of(job_id)), claim=claim)

    assert store.load_job(third) is None
    assert loaded(store, job_id).job.key_moved == other


def test_a_job_that_was_read_before_its_key_moved_is_not_reopened(
    store: LedgerStore, job_id: str, other: str
) -> None:
    former = canceled(store, job_id)
    claim = KeyClaim(fingerprint="second", former=former)
    assert store.create_job(*new(other, key_of(job_id)), claim=claim)

    assert not store.commit_job(reopening_of(former))

    assert loaded(store, job_id).job.finished


def test_nor_is_it_by_the_retry_of_an_item(store: LedgerStore, job_id: str, other: str) -> None:
    former = failed(store, job_id)
    retry = retry_in(store, former)
    claim = KeyClaim(fingerprint="second", former=former)
    assert store.create_job(*new(other, key_of(job_id)), claim=claim)

    assert not retry()

    assert loaded(store, job_id).job.finished
    assert loaded(store, job_id).heads[0].counts.failed == 1


def test_a_retry_reopens_a_job_that_has_its_key(store: LedgerStore, job_id: str) -> None:
    assert retry_in(store, failed(store, job_id))()

    assert not loaded(store, job_id).job.finished


@pytest.mark.parametrize(("days", "lasts"), [(1, 30), (40, 40)])
def test_a_key_is_free_again_with_its_jobs_rows_but_not_before_thirty_days(
    table: tuple[Any, str], engine_store: LedgerStore, job_id: str, days: int, lasts: int
) -> None:
    job = canceled(engine_store, job_id, rules=LaneRules(ttl_days=days))

    assert job.finished_at is not None
    finished = job.finished_at // 1_000
    assert _ttl(table, header_key(job_id)) == finished + days * DAY_SECONDS
    assert _ttl(table, job_key_key(OPERATOR, key_of(job_id))) == finished + lasts * DAY_SECONDS


def test_the_key_of_a_running_job_never_expires(
    table: tuple[Any, str], engine_store: LedgerStore, job_id: str, other: str
) -> None:
    canceled(engine_store, job_id)
    created(engine_store, other)

    reopened_job(engine_store, loaded(engine_store, job_id))

    assert _ttl(table, job_key_key(OPERATOR, key_of(job_id))) is None
    assert _ttl(table, job_key_key(OPERATOR, key_of(other))) is None


def test_the_key_of_a_job_that_is_retained_forever_never_expires(
    table: tuple[Any, str], engine_store: LedgerStore, job_id: str
) -> None:
    canceled(engine_store, job_id, rules=LaneRules(ttl_days=0))

    assert _ttl(table, job_key_key(OPERATOR, key_of(job_id))) is None


def _ttl(table: tuple[Any, str], key: dict[str, Any]) -> int | None:
    client, name = table
    row = client.get_item(TableName=name, Key=key)["Item"]
    return int(row["ttl"]["N"]) if "ttl" in row else None
