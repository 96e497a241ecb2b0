"""Every store: when a job is looked at next, planned by several who do not know of each other."""

from typing import Any

import pytest

from forgeledger.bootstrap.storage import due_index, ledger_store
from forgeledger.clock.model.due import SHARDS, Due
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.ids import last_digit, make_job_id
from forgeledger.jobs.model.job_lifecycle import create, seal
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.progress import LookMove, Progress
from forgeledger.jobs.ports import JobChange, JobView, LedgerStore
from forgeledger.jobs.storage.keys import progress_key
from forgeledger.runtime import Runtime
from tests.support.builders import NOW, make_spec
from tests.support.creations import sealed_creation
from tests.support.lane_steps import create_job, loaded
from tests.support.memory_store import MemoryStore

HOUR_MS = 3_600_000


@pytest.fixture
def index(store: LedgerStore, request: pytest.FixtureRequest) -> Any:
    if isinstance(store, MemoryStore):
        return store
    client, name = request.getfixturevalue(request.node.callspec.params["store"])
    return due_index(client, name, Runtime())


def due_in(index: Any, job_id: str, until: int) -> list[Due]:
    """Only of this job: all tests share a table."""
    shard = last_digit(job_id) % SHARDS
    return [due for due in index.find_due(shard, until, 1_000) if due.pk == f"JOB#{job_id}"]


def created(store: LedgerStore, job_id: str, look_at: int | None) -> JobView:
    store.create_job(*create(make_spec(job_id=job_id)), look_at)
    return loaded(store, job_id)


def plan(store: LedgerStore, view: JobView, after: int | None, **more: Any) -> bool:
    move = LookMove(before=view.progress.wake_at, after=after, alone=view.progress.at > 0)
    progress = replace(view.progress, at=view.progress.at or NOW, **more)
    return store.roll_up(view.job, progress, move)


def test_a_job_is_created_with_its_time_and_found_when_that_has_come(
    store: LedgerStore, index: Any, job_id: str
) -> None:
    view = created(store, job_id, NOW + 7)

    assert view.progress == Progress(at=NOW, wake_at=NOW + 7)
    assert due_in(index, job_id, NOW + 6) == []
    assert due_in(index, job_id, NOW + 7) == [Due(pk=f"JOB#{job_id}", at=NOW + 7)]


def test_a_sealed_job_is_created_with_its_time(store: LedgerStore, index: Any, moment: int) -> None:
    creation = sealed_creation(make_job_id(moment, 7, 2), ["a", "b"])
    assert creation is not None

    assert store.create_sealed_job(creation, NOW + 7)

    assert due_in(index, creation.job.job_id, NOW + 7) != []


def test_a_job_without_a_time_is_in_no_index(store: LedgerStore, index: Any, job_id: str) -> None:
    job = create_job(store, job_id).job

    assert store.roll_up(job, Progress(offsets=3, at=NOW))

    assert loaded(store, job_id).progress.wake_at is None
    assert due_in(index, job_id, NOW + 10 * HOUR_MS) == []


def test_a_time_is_moved_and_taken_away_without_touching_the_counts(
    store: LedgerStore, index: Any, job_id: str
) -> None:
    job = created(store, job_id, NOW + 9).job
    counted = Progress(counts=Counts(completed=4), offsets=4, at=NOW + 1)
    assert store.roll_up(job, counted)
    assert loaded(store, job_id).progress == replace(counted, wake_at=NOW + 9)

    assert plan(store, loaded(store, job_id), NOW + 5)
    moved = loaded(store, job_id).progress
    assert plan(store, loaded(store, job_id), None)

    assert moved == replace(counted, wake_at=NOW + 5)
    assert loaded(store, job_id).progress == counted
    assert due_in(index, job_id, NOW + HOUR_MS) == []


def test_counts_and_a_first_time_are_stored_together(store: LedgerStore, job_id: str) -> None:
    view = create_job(store, job_id)

    assert plan(store, view, NOW + 5, counts=Counts(pending=2), offsets=2)

    expected = Progress(counts=Counts(pending=2), offsets=2, at=NOW, wake_at=NOW + 5)
    assert loaded(store, job_id).progress == expected


@pytest.mark.parametrize("first", [None, NOW + 9])
def test_of_two_plans_that_were_made_on_the_same_time_the_second_is_refused(
    store: LedgerStore, job_id: str, first: int | None
) -> None:
    view = created(store, job_id, first)

    assert plan(store, view, NOW + 3)
    assert not plan(store, view, NOW + 5)

    assert loaded(store, job_id).progress.wake_at == NOW + 3


def test_a_plan_of_who_knew_fewer_facts_is_refused(store: LedgerStore, job_id: str) -> None:
    slow = created(store, job_id, NOW + 9)
    step = seal(slow.job, Counts(), NOW)
    assert store.commit_job(JobChange(before=slow.job, job=step.job, facts=step.facts))
    assert plan(store, loaded(store, job_id), NOW + 3)

    # It read the header before the seal, and the time after it.
    torn = replace(slow, progress=loaded(store, job_id).progress)
    assert not plan(store, torn, NOW + 5)

    assert loaded(store, job_id).progress.wake_at == NOW + 3


def test_a_plan_on_counts_from_before_is_refused(store: LedgerStore, job_id: str) -> None:
    view = created(store, job_id, NOW + 9)
    assert store.roll_up(view.job, Progress(offsets=4, at=NOW + 1))

    assert not plan(store, view, NOW + 3)


def test_the_earliest_are_found_first(store: LedgerStore, index: Any, moment: int) -> None:
    job_ids = [make_job_id(moment + n, 5, 1) for n in range(4)]
    base = moment * 1_000
    for job_id, at in zip(job_ids, (3, 1, 4, 2), strict=True):
        created(store, job_id, base + at)

    found = [due for due in index.find_due(5, base + 3, 10_000) if due.at > base]

    assert [due.at - base for due in found] == [1, 2, 3]


def test_the_row_of_a_new_job_has_its_shard_and_lives_as_long_as_others(
    table: tuple[Any, str], job_id: str
) -> None:
    client, name = table
    created(ledger_store(client, name, Runtime()), job_id, NOW + 9)

    row = client.get_item(TableName=name, Key=progress_key(job_id), ConsistentRead=True)["Item"]

    assert row["ttl"]["N"] == str(NOW // 1_000 + make_spec().rules.ttl_days * 24 * 3_600)
    assert (row["due"]["S"], row["wakeAt"]["N"]) == (str(last_digit(job_id) % 16), str(NOW + 9))
