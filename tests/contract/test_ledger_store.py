"""Every store: lanes, their items and their commits."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.job_lifecycle import create, genesis, reopen
from forgeledger.jobs.model.jobs import JobStatus, Tolerance
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from forgeledger.jobs.ports import JobChange, LedgerStore
from forgeledger.journal.model.log_row import Renewed
from tests.support.builders import NOW, make_command, make_spec
from tests.support.lane_steps import (
    apply,
    create_job,
    decided,
    lane_view,
    loaded,
    new_commit_id,
    register,
    registrations,
)


def test_a_new_job_comes_back_as_it_was_created(store: LedgerStore, moment: int) -> None:
    spec = make_spec(
        job_id=make_job_id(moment, 7, 3),
        name="Rechnungen \U0001f9fe",
        rules=LaneRules(
            max_attempts=5,
            lease_seconds=60,
            backoff_base_seconds=0.5,
            backoff_cap_seconds=90,
            registers_on_the_way=True,
            ttl_days=7,
        ),
        tolerance=Tolerance(failures=3, failure_percent=2.5),
        expected_items=10**9,
        deadline_seconds=3_600,
        metadata='{"big": 123456789012345678901234567890, "none": null, "empty": ""}',
        tags=("b", "a"),
    )
    job, heads, fact = create(spec)

    store.create_job(job, heads, fact)

    view = loaded(store, spec.job_id)
    assert view.job == job
    assert view.heads == heads
    assert view.published == 0
    assert view.progress.offsets == 0
    assert store.read_facts(spec.job_id, 0, 10) == (fact,)


def test_creating_a_job_again_changes_nothing(store: LedgerStore, job_id: str) -> None:
    before = create_job(store, job_id)
    register(store, job_id, ["a"])

    create_job(store, job_id, name="another")

    view = loaded(store, job_id)
    assert view.job == before.job
    assert view.heads[0].counts.pending == 1


@pytest.mark.parametrize("name", ["", "nobody", "01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-99", "x" * 3_000])
def test_there_is_no_job_with_an_impossible_name(store: LedgerStore, name: str) -> None:
    assert store.load_job(name) is None
    assert store.load_lane(name, 0, ["a"]) is None


def test_an_unknown_job_has_nothing(store: LedgerStore, job_id: str) -> None:
    assert store.load_job(job_id) is None
    assert store.load_lane(job_id, 0, ["a"]) is None
    assert store.list_items(job_id, 0, None, 10).items == ()
    assert store.read_journal(job_id, 0, 0, 10) == ()
    assert store.read_facts(job_id, 0, 10) == ()
    assert store.renew(job_id, 0, None, 10, 1) == Renewed(after=None)
    store.mark_renewed(job_id, NOW, lost=False)
    store.mark_published(job_id, 1, done=True)
    assert store.load_job(job_id) is None


@pytest.mark.parametrize("lane", [-1, 1])
def test_a_lane_that_the_job_does_not_have_is_none(
    store: LedgerStore, job_id: str, lane: int
) -> None:
    create_job(store, job_id)

    assert store.load_lane(job_id, lane, []) is None


def test_a_commit_stores_items_head_and_events_together(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    commit = decided(
        store,
        job_id,
        make_command("register", item_id="a", payload='{"n":1}'),
        make_command("claim", item_id="a", worker_id="w-1", lease_seconds=60),
        make_command("register", item_id="b"),
    )

    assert store.commit_lane(commit, new_commit_id())

    view = lane_view(store, job_id, "a", "b", "never")
    assert view.head == commit.head
    assert view.head.counts == Counts(pending=1, in_progress=1)
    assert view.items == {item.item_id: item for item in commit.items}
    assert view.job is None
    (row,) = store.read_journal(job_id, 0, 0, 10)
    assert row.entries == commit.events


def test_the_header_comes_with_a_lane_on_request(store: LedgerStore, job_id: str) -> None:
    job = create_job(store, job_id).job

    view = store.load_lane(job_id, 0, ["a"], with_job=True)

    assert view is not None
    assert view.job == job


def test_more_items_than_one_request_takes_are_loaded(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    names = [f"item-{number}" for number in range(150)]
    register(store, job_id, names[:75])
    register(store, job_id, names[75:])

    view = lane_view(store, job_id, *names, *names[:3], *(f"no-{name}" for name in names))

    assert set(view.items) == set(names)
    assert view.head.counts.pending == 150


def test_a_commit_on_a_lane_that_moved_is_refused_whole(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    late = decided(store, job_id, *registrations(["a", "b"]))
    first = register(store, job_id, ["c"])

    assert not store.commit_lane(late, new_commit_id())

    view = lane_view(store, job_id, "a", "b", "c")
    assert view.head == first.head
    assert set(view.items) == {"c"}
    assert len(store.read_journal(job_id, 0, 0, 10)) == 1


def test_a_commit_on_a_lane_that_does_not_exist_is_refused(store: LedgerStore, job_id: str) -> None:
    (head,) = genesis(make_spec(job_id=job_id))
    register_a = registrations(["a"])
    create_job(store, job_id)
    commit = decided(store, job_id, *register_a)
    elsewhere = make_job_id(0, 1, 1)
    moved = replace(
        commit,
        before=replace(head, job_id=elsewhere),
        head=replace(commit.head, job_id=elsewhere),
    )

    assert not store.commit_lane(moved, new_commit_id())
    assert store.load_lane(elsewhere, 0, []) is None


def test_a_commit_on_an_item_read_before_it_changed_is_refused(
    store: LedgerStore, job_id: str
) -> None:
    """The head may be newer than the items: one request reads each row at its own moment."""
    create_job(store, job_id)
    register(store, job_id, ["a"])
    stale = decided(store, job_id, make_command("complete", item_id="a", worker_id="late"))
    apply(store, job_id, make_command("claim", item_id="a", worker_id="w-1"))
    current = lane_view(store, job_id).head
    shifted = replace(
        stale, before=current, head=replace(current, offset=current.offset + len(stale.events))
    )

    assert not store.commit_lane(shifted, new_commit_id())

    assert lane_view(store, job_id, "a").items["a"].state is ItemState.IN_PROGRESS
    assert lane_view(store, job_id).head == current


def test_a_refusal_as_unknown_holds_only_while_the_item_is_unknown(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id)
    refusal = decided(store, job_id, make_command("complete", item_id="a"))
    register(store, job_id, ["a"])
    current = lane_view(store, job_id).head
    shifted = replace(refusal, before=current, head=replace(current, offset=current.offset + 1))

    assert refusal.items == ()
    assert not store.commit_lane(shifted, new_commit_id())
    assert lane_view(store, job_id).head == current


def test_a_rejection_of_an_unknown_item_is_recorded(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)

    refusal = apply(store, job_id, make_command("complete", item_id="a", result='{"pages":3}'))

    assert lane_view(store, job_id, "a").items == {}
    assert store.read_journal(job_id, 0, 0, 10)[0].entries == refusal.events


def test_a_repeated_commit_is_known_by_its_id(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    commit, commit_id = decided(store, job_id, *registrations(["a"])), new_commit_id()
    assert store.commit_lane(commit, commit_id)

    assert store.commit_lane(commit, commit_id)
    assert not store.commit_lane(commit, new_commit_id())

    assert lane_view(store, job_id).head == commit.head
    assert len(store.read_journal(job_id, 0, 0, 10)) == 1


def test_a_full_commit_fits_with_the_reopening_of_its_job(store: LedgerStore, job_id: str) -> None:
    view = create_job(store, job_id)
    step = reopen(replace(view.job, status=JobStatus.COMPLETED, mode=LaneMode.SEALED), NOW)
    names = [f"item-{number}" for number in range(ITEMS_PER_COMMIT)]
    commit = decided(store, job_id, *registrations(names))

    reopening = JobChange(before=view.job, job=step.job, facts=step.facts)
    assert store.commit_lane(commit, new_commit_id(), reopening=reopening)

    assert len(lane_view(store, job_id, *names).items) == ITEMS_PER_COMMIT
    after = loaded(store, job_id)
    assert after.job == step.job
    assert store.read_facts(job_id, 1, 10) == step.facts


def test_a_reopening_on_a_header_that_moved_is_refused_whole(
    store: LedgerStore, job_id: str
) -> None:
    view = create_job(store, job_id)
    step = reopen(replace(view.job, status=JobStatus.COMPLETED), NOW)
    change = JobChange(before=view.job, job=step.job, facts=step.facts)
    commit = decided(store, job_id, *registrations(["a"]))
    assert store.commit_job(change)

    assert not store.commit_lane(commit, new_commit_id(), reopening=change)

    assert lane_view(store, job_id, "a").items == {}
    assert loaded(store, job_id).job == step.job


def test_a_commit_for_a_running_job_holds_while_nothing_happens_to_the_job(
    store: LedgerStore, job_id: str
) -> None:
    view = create_job(store, job_id)
    assert store.commit_lane(
        decided(store, job_id, *registrations(["a"])), new_commit_id(), running=view.job
    )
    step = reopen(replace(view.job, status=JobStatus.COMPLETED), NOW)
    assert store.commit_job(JobChange(before=view.job, job=step.job, facts=step.facts))

    late = decided(store, job_id, *registrations(["b"]))
    assert not store.commit_lane(late, new_commit_id(), running=view.job)

    assert set(lane_view(store, job_id, "a", "b").items) == {"a"}


def test_of_racing_commits_exactly_one_is_made(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    commits = [decided(store, job_id, *registrations([f"item-{n}"])) for n in range(8)]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda commit: store.commit_lane(commit, new_commit_id()), commits))

    assert made.count(True) == 1
    names = [item.item_id for item in store.list_items(job_id, 0, None, 10).items]
    assert names == [commits[made.index(True)].items[0].item_id]


def test_the_time_of_a_journal_row_is_known_without_its_events(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id)
    apply(store, job_id, *registrations(["a", "b", "c"]), now=NOW + 10)
    apply(store, job_id, *registrations(["d"]), now=NOW + 20)

    times = [store.journal_time(job_id, 0, offset) for offset in range(4)]

    assert times == [NOW + 10] * 3 + [NOW + 20]
    assert store.journal_time(make_job_id(NOW, 8, 1), 0, 0) == 0
