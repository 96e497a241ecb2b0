"""Every store: a job that one transaction creates with its items, sealed."""

from collections.abc import Callable

import pytest

from forgeledger.jobs.model.creation import SealedCreation
from forgeledger.jobs.model.ids import lane_of, make_job_id
from forgeledger.jobs.model.lanes import Counts, LaneRules
from forgeledger.jobs.ports import LedgerStore
from tests.support.builders import NOW, make_command
from tests.support.creations import sealed_creation
from tests.support.lane_steps import apply, create_job, lane_view, loaded
from tests.support.stored_jobs import verdict_of

LANES = 3
NAMES = [f"invoice-{n}" for n in range(7)]


@pytest.fixture
def creation(moment: int) -> SealedCreation:
    made = sealed_creation(make_job_id(moment, 7, LANES), NAMES, payload='{"pages":3}')
    assert made is not None
    return made


def assert_stored(store: LedgerStore, creation: SealedCreation) -> None:
    job_id = creation.job.job_id
    view = loaded(store, job_id)
    assert (view.job, view.heads) == (creation.job, creation.heads)
    assert (view.published, view.progress.offsets) == (0, 0)
    assert store.read_facts(job_id, 0, 10) == creation.facts
    for lane, commit in enumerate(creation.commits):
        (row,) = store.read_journal(job_id, lane, 0, 10)
        assert (row.offset, row.entries) == (0, commit.events)
        items = store.list_items(job_id, lane, None, 100).items
        assert items == tuple(sorted(commit.items, key=lambda item: item.item_id))


def test_it_is_stored_with_everything(store: LedgerStore, creation: SealedCreation) -> None:
    assert store.create_sealed_job(creation)

    assert_stored(store, creation)
    assert creation.job.job_id in [
        job.job.job_id for job in store.list_jobs(None, None, None, 100)[0]
    ]
    assert creation.job.job_id in store.list_open(None, 1_000)[0]


def test_the_largest_one_is_stored(store: LedgerStore, moment: int) -> None:
    names = [f"invoice-{n:02d}" for n in range(95)]
    largest = sealed_creation(make_job_id(moment, 7, 1), names)
    assert largest is not None

    assert store.create_sealed_job(largest)

    assert_stored(store, largest)


def test_a_repetition_changes_nothing(store: LedgerStore, creation: SealedCreation) -> None:
    assert store.create_sealed_job(creation)
    name = NAMES[0]
    lane = lane_of(name, LANES)
    moved = apply(store, creation.job.job_id, make_command("claim", item_id=name), lane=lane)

    assert not store.create_sealed_job(creation)

    assert lane_view(store, creation.job.job_id, lane=lane).head == moved.head
    assert len(store.read_facts(creation.job.job_id, 0, 10)) == 2


def test_a_job_that_was_created_otherwise_is_left_as_it_is(
    store: LedgerStore, creation: SealedCreation
) -> None:
    before = create_job(store, creation.job.job_id)

    assert not store.create_sealed_job(creation)

    assert loaded(store, creation.job.job_id) == before
    assert store.list_items(creation.job.job_id, 0, None, 10).items == ()


def test_a_plain_creation_after_it_changes_nothing(
    store: LedgerStore, creation: SealedCreation
) -> None:
    assert store.create_sealed_job(creation)

    create_job(store, creation.job.job_id)

    assert_stored(store, creation)


def test_its_items_are_worked_on_and_its_verdict_follows(store: LedgerStore, job_id: str) -> None:
    creation = sealed_creation(job_id, ["a"])
    assert creation is not None
    assert store.create_sealed_job(creation)

    apply(store, job_id, make_command("complete", item_id="a"))

    view = loaded(store, job_id)
    assert view.heads[0].counts == Counts(completed=1)
    assert store.commit_job(verdict_of(view))
    assert loaded(store, job_id).job.finished


def test_its_rows_expire_as_those_of_any_job(
    store: LedgerStore, job_id: str, expire_rows: Callable[[int], None]
) -> None:
    creation = sealed_creation(job_id, ["a"], rules=LaneRules(ttl_days=1))
    assert creation is not None
    assert store.create_sealed_job(creation)

    expire_rows(NOW // 1_000 + 24 * 3_600)

    assert store.list_items(job_id, 0, None, 10).items == ()
    assert store.read_journal(job_id, 0, 0, 10) == ()
    assert loaded(store, job_id).job == creation.job
