"""Recounting a lane's items, also while they change, and correcting its head."""

from dataclasses import replace

import pytest

from forgeledger.errors import JobNotFound, RowsExpired, StorageCorrupt
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.usecases.recount_lane import Recounter, RecountResult
from tests.support.builders import NOW, make_command
from tests.support.ledgers import Ledger
from tests.support.time_left import always, looks

UNKNOWN = make_job_id(NOW, 99, 2)


def test_a_head_that_drifted_is_set_right_from_the_items(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a", "b")
    ledger.do(job_id, "fail", "a")
    ledger.lifecycle.seal(job_id)
    right = ledger.view(job_id).heads[0].counts
    corrupt_head(ledger, job_id)

    first = ledger.reconciler.recount(job_id, always)
    second = ledger.reconciler.recount(job_id, always)

    assert (first.drifted_lanes, second.drifted_lanes) == ((0,), ())
    assert ledger.view(job_id).heads[0].counts == right


def test_a_recount_sets_right_how_many_items_are_retrying_and_nothing_else_of_the_sums(
    ledger: Ledger,
) -> None:
    job_id = ledger.job(lanes=1, rules=LaneRules(max_attempts=2))
    ledger.do(job_id, "register", "a", "b", "c")
    ledger.do(job_id, "fail", "a", "b")
    ledger.do(job_id, "complete", "b")
    right = ledger.view(job_id).heads[0].sums
    lane = ledger.store._records[job_id].lanes[0]
    lane.head = replace(lane.head, sums=replace(right, retrying=7, claims=5))

    first = ledger.reconciler.recount(job_id, always)
    second = ledger.reconciler.recount(job_id, always)

    assert (first.drifted_lanes, second.drifted_lanes) == ((0,), ())
    assert right.retrying == 1
    # The items do not say how often they were claimed.
    assert ledger.view(job_id).heads[0].sums == replace(right, claims=5)
    assert ledger.view(job_id).progress.retrying == 1


@pytest.mark.parametrize("finished", [True, False])
def test_a_job_whose_rows_may_have_expired_is_not_counted(ledger: Ledger, finished: bool) -> None:
    job_id = ledger.job()
    if finished:
        ledger.lifecycle.seal(job_id)
    ledger.now += 30 * 24 * 3_600 * 1_000

    with pytest.raises(RowsExpired):
        ledger.reconciler.recount(job_id, always)


def test_all_open_jobs_are_counted_when_that_is_asked_for(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    corrupt_head(ledger, job_id)

    (done,), _ = ledger.reconciler.reconcile_open(always, recount=True)

    assert done.drifted_lanes == (0,)


def test_a_lane_of_many_pages_is_counted_to_its_end(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    names = [f"i{n}" for n in range(1_001)]
    commands = [make_command("register", item_id=name, command_id=name) for name in names]
    ledger.lane_writer.apply(job_id, 0, commands)
    corrupt_head(ledger, job_id)

    done = ledger.reconciler.recount(job_id, always)

    assert done.drifted_lanes == (0,)
    assert ledger.view(job_id).heads[0].counts.pending == 1_001


def test_a_head_that_moves_before_it_is_healed_is_counted_again(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    corrupt_head(ledger, job_id)
    store = LateItem(ledger, job_id)

    counted = Recounter(store, ledger.runtime).recount(job_id, 0, always)

    assert counted is RecountResult.CORRECTED
    assert ledger.view(job_id).heads[0].counts.pending == 2


@pytest.mark.parametrize("number", range(8))
def test_counting_goes_on_with_the_lane_where_time_ran_out(ledger: Ledger, number: int) -> None:
    job_id = ledger.job(lanes=3)
    ledger.do(job_id, "register", *(f"i{n}" for n in range(9)))
    corrupt_head(ledger, job_id)

    first = ledger.reconciler.recount(job_id, looks(number))
    second = ledger.reconciler.recount(job_id, always, first.next_lane or 0)

    assert (first.next_lane is None) == (number > 2)
    assert second.next_lane is None
    assert first.drifted_lanes + second.drifted_lanes == (0,)


def test_a_lane_that_moves_all_the_time_is_counted_and_healed(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    corrupt_head(ledger, job_id)
    recounter = Recounter(GrowingLane(ledger, job_id), ledger.runtime)

    first = replace(ledger.reconciler, recounter=recounter).recount(job_id, always)
    second = ledger.reconciler.recount(job_id, always)

    assert (first.busy_lanes, first.drifted_lanes) == ((), (0,))
    assert second.drifted_lanes == ()


def test_a_lane_that_is_right_is_counted_however_fast_it_moves(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    recounter = Recounter(GrowingLane(ledger, job_id, always=True), ledger.runtime)

    done = replace(ledger.reconciler, recounter=recounter).recount(job_id, always)

    assert (done.busy_lanes, done.drifted_lanes) == ((), ())


def test_a_wrong_lane_that_never_stands_still_is_called_busy(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    corrupt_head(ledger, job_id)
    recounter = Recounter(GrowingLane(ledger, job_id, always=True), ledger.runtime)

    done = replace(ledger.reconciler, recounter=recounter).recount(job_id, always)

    assert (done.busy_lanes, done.drifted_lanes) == ((0,), ())


def test_a_commit_that_is_missing_from_the_journal_is_named(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    lossy = GrowingLane(ledger, job_id, loses_commits=True)

    with pytest.raises(StorageCorrupt, match="LOG#1: the commit is missing"):
        Recounter(lossy, ledger.runtime).recount(job_id, 0, always)


def test_counting_the_lane_of_an_unknown_job_names_it(ledger: Ledger) -> None:
    with pytest.raises(JobNotFound):
        ledger.recounter.recount(UNKNOWN, 0, always)


class GrowingLane:
    """The store, with a lane that gains an item after each listing, or before each commit too."""

    def __init__(
        self, ledger: Ledger, job_id: str, *, always: bool = False, loses_commits: bool = False
    ) -> None:
        self._ledger, self._job_id = ledger, job_id
        self._always, self._loses_commits = always, loses_commits

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger.store, name)

    def list_items(self, *arguments: object) -> object:
        page = self._ledger.store.list_items(*arguments)
        self._grow()
        return page

    def read_journal(self, *arguments: object) -> object:
        rows = self._ledger.store.read_journal(*arguments)
        return () if self._loses_commits else rows

    def commit_lane(self, *arguments: object, **options: object) -> bool:
        if self._always:
            self._grow()
        return self._ledger.store.commit_lane(*arguments, **options)

    def _grow(self) -> None:
        self._ledger.do(self._job_id, "register", f"new-{self._ledger.made}")


class LateItem:
    """The store, with a lane that gains an item just before its head is first corrected."""

    def __init__(self, ledger: Ledger, job_id: str) -> None:
        self._ledger, self._job_id, self._grown = ledger, job_id, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger.store, name)

    def commit_lane(self, *arguments: object, **options: object) -> bool:
        if not self._grown:
            self._grown = True
            self._ledger.do(self._job_id, "register", "late")
        return self._ledger.store.commit_lane(*arguments, **options)


def corrupt_head(ledger: Ledger, job_id: str) -> None:
    """Give a head wrong counts, as only a bug or an edit of the table could."""
    lane = ledger.store._records[job_id].lanes[0]
    lane.head = replace(lane.head, counts=replace(lane.head.counts, pending=7, completed=3))
