"""Making good from the table what a lost stream, a fault or a hand left wrong."""

from dataclasses import replace

import pytest

from forgeledger.domain.ids import make_job_id
from forgeledger.errors import JobNotFound, RowsVanished, StorageBusy, StorageCorrupt
from forgeledger.ports import JobView
from forgeledger.usecases.recounting import Counted, Recounter
from forgeledger.usecases.surroundings import HasTime
from tests.builders import NOW, make_command
from tests.ledgers import Ledger

UNKNOWN = make_job_id(NOW, 99, 2)
DAY_MS = 24 * 3_600 * 1_000


def always() -> bool:
    return True


def test_a_lost_stream_is_made_good_from_the_table(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.life.seal(job_id)
    ledger.do(job_id, "complete", "a")

    done, after = ledger.reconciler.reconcile_open(always)

    assert [(one.job_id, one.status, one.told) for one in done] == [(job_id, "COMPLETED", 3)]
    assert after is None
    assert ledger.bus.heard == ["1:job.created", "1:job.sealed", "1:job.completed"]


def test_a_finished_job_with_something_to_tell_is_open_until_it_is_told(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.life.seal(job_id)

    first, _ = ledger.reconciler.reconcile_open(always)
    second, _ = ledger.reconciler.reconcile_open(always)

    assert [one.told for one in first] == [3]
    assert second == []
    assert ledger.view(job_id).published == 3


def test_it_goes_on_where_time_ran_out(ledger: Ledger) -> None:
    jobs = sorted(ledger.job() for _ in range(3))
    time_left = iter([True, True, False])

    first, after = ledger.reconciler.reconcile_open(lambda: next(time_left))
    second, end = ledger.reconciler.reconcile_open(always, after)

    assert [one.job_id for one in (*first, *second)] == jobs
    assert end is None


def test_no_time_at_all_is_told_from_nothing_to_do(ledger: Ledger) -> None:
    job_id = ledger.job()

    done, after = ledger.reconciler.reconcile_open(lambda: False)
    then, end = ledger.reconciler.reconcile_open(always, after)

    assert (done, after) == ([], "")
    assert ([one.job_id for one in then], end) == ([job_id], None)


def test_a_job_that_runs_out_of_time_is_gone_on_with_and_not_called_broken(ledger: Ledger) -> None:
    first, second = ledger.job(), ledger.job(deadline_seconds=60)
    ledger.now += 60_000
    looks = iter([True] * 4)

    done, after = ledger.reconciler.reconcile_open(lambda: next(looks, False))
    then, end = ledger.reconciler.reconcile_open(always, after)

    assert ([one.job_id for one in done], after) == ([first], first)
    assert [(one.job_id, one.status) for one in then] == [(second, "FAILED")]
    assert end is None


def test_a_head_that_drifted_is_set_right_from_the_items(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a", "b")
    ledger.do(job_id, "fail", "a")
    ledger.life.seal(job_id)
    right = ledger.view(job_id).heads[0].counts
    spoil(ledger, job_id)

    first = ledger.reconciler.recount(job_id, always)
    second = ledger.reconciler.recount(job_id, always)

    assert (first.drifted_lanes, second.drifted_lanes) == ((0,), ())
    assert ledger.view(job_id).heads[0].counts == right


@pytest.mark.parametrize("finished", [True, False])
def test_a_job_whose_rows_may_have_vanished_is_not_counted(ledger: Ledger, finished: bool) -> None:
    job_id = ledger.job()
    if finished:
        ledger.life.seal(job_id)
    ledger.now += 30 * 24 * 3_600 * 1_000

    with pytest.raises(RowsVanished):
        ledger.reconciler.recount(job_id, always)


def test_all_open_jobs_are_counted_when_that_is_asked_for(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    spoil(ledger, job_id)

    (done,), _ = ledger.reconciler.reconcile_open(always, recount=True)

    assert done.drifted_lanes == (0,)


def test_a_header_that_drifted_is_set_right(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.advancer.advance(job_id)
    right = ledger.view(job_id).progress
    wrong = replace(right, counts=replace(right.counts, pending=99))
    ledger.store.roll_up(job_id, wrong)

    ledger.reconciler.reconcile(job_id)

    assert ledger.view(job_id).progress.counts == right.counts


def test_a_lane_of_many_pages_is_counted_to_its_end(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    names = [f"i{n}" for n in range(1_001)]
    commands = [make_command("register", item_id=name, command_id=name) for name in names]
    ledger.applier.apply(job_id, 0, commands)
    spoil(ledger, job_id)

    done = ledger.reconciler.recount(job_id, always)

    assert done.drifted_lanes == (0,)
    assert ledger.view(job_id).heads[0].counts.pending == 1_001


def test_a_head_that_moves_before_it_is_healed_is_counted_again(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    spoil(ledger, job_id)
    late = LateMover(ledger, job_id)

    counted = Recounter(late, ledger.around).recount(job_id, 0, always)

    assert counted is Counted.HEALED
    assert ledger.view(job_id).heads[0].counts.pending == 2


@pytest.mark.parametrize("looks", range(1, 9))
def test_counting_goes_on_with_the_lane_where_time_ran_out(ledger: Ledger, looks: int) -> None:
    job_id = ledger.job(lanes=3)
    ledger.do(job_id, "register", *(f"i{n}" for n in range(9)))
    spoil(ledger, job_id)
    left = iter([True] * (looks - 1))

    first = ledger.reconciler.recount(job_id, lambda: next(left, False))
    second = ledger.reconciler.recount(job_id, always, first.next_lane or 0)

    assert (first.next_lane is None) == (looks > 3)
    assert second.next_lane is None
    assert first.drifted_lanes + second.drifted_lanes == (0,)


def test_a_lane_that_moves_all_the_time_is_counted_and_healed(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    spoil(ledger, job_id)
    recounter = Recounter(Restless(ledger, job_id), ledger.around)

    first = replace(ledger.reconciler, recounter=recounter).recount(job_id, always)
    second = ledger.reconciler.recount(job_id, always)

    assert (first.busy_lanes, first.drifted_lanes) == ((), (0,))
    assert second.drifted_lanes == ()


def test_a_lane_that_is_right_is_counted_however_fast_it_moves(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    recounter = Recounter(Restless(ledger, job_id, always=True), ledger.around)

    done = replace(ledger.reconciler, recounter=recounter).recount(job_id, always)

    assert (done.busy_lanes, done.drifted_lanes) == ((), ())


def test_a_wrong_lane_that_never_stands_still_is_called_busy(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    spoil(ledger, job_id)
    recounter = Recounter(Restless(ledger, job_id, always=True), ledger.around)

    done = replace(ledger.reconciler, recounter=recounter).recount(job_id, always)

    assert (done.busy_lanes, done.drifted_lanes) == ((0,), ())


def test_a_commit_that_is_missing_from_the_journal_is_named(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a")
    lossy = Restless(ledger, job_id, loses_commits=True)

    with pytest.raises(StorageCorrupt, match="LOG#1: the commit is missing"):
        Recounter(lossy, ledger.around).recount(job_id, 0, always)


def test_a_job_whose_rows_are_about_to_vanish_is_called_late(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.now += 29 * DAY_MS

    assert ledger.reconciler.reconcile(job_id).kept_late


@pytest.mark.parametrize("how", ["reconcile", "recount"])
def test_an_unknown_job_is_named(ledger: Ledger, how: str) -> None:
    more = (always,) if how == "recount" else ()

    with pytest.raises(JobNotFound):
        getattr(ledger.reconciler, how)(UNKNOWN, *more)


def test_counting_the_lane_of_an_unknown_job_names_it(ledger: Ledger) -> None:
    with pytest.raises(JobNotFound):
        ledger.recounter.recount(UNKNOWN, 0, always)


def test_a_job_in_trouble_does_not_stop_the_others(ledger: Ledger) -> None:
    troubled, sound = sorted([ledger.job(), ledger.job()])

    class Troubled:
        def advance(self, job_id: str, has_time: HasTime) -> JobView | None:
            if job_id == troubled:
                raise StorageBusy("lane", 3)
            return ledger.advancer.advance(job_id, has_time)

    reconciler = replace(ledger.reconciler, advancer=Troubled())

    done, after = reconciler.reconcile_open(always)

    assert [(one.job_id, one.status) for one in done] == [(troubled, None), (sound, "RUNNING")]
    assert done[0].error == "StorageBusy: lane: still busy after 3 attempts"
    assert after is None


class Restless:
    """The store, with a lane that gets an item whenever its items are listed, or always read."""

    def __init__(
        self, ledger: Ledger, job_id: str, *, always: bool = False, loses_commits: bool = False
    ) -> None:
        self._ledger, self._job_id = ledger, job_id
        self._always, self._loses_commits = always, loses_commits

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger.store, name)

    def list_items(self, *arguments: object) -> object:
        page = self._ledger.store.list_items(*arguments)
        self._move()
        return page

    def read_journal(self, *arguments: object) -> object:
        rows = self._ledger.store.read_journal(*arguments)
        return () if self._loses_commits else rows

    def commit_lane(self, *arguments: object, **options: object) -> bool:
        if self._always:
            self._move()
        return self._ledger.store.commit_lane(*arguments, **options)

    def _move(self) -> None:
        self._ledger.do(self._job_id, "register", f"new-{self._ledger.made}")


class LateMover:
    """The store, with a lane that gets an item just before the first healing of its head."""

    def __init__(self, ledger: Ledger, job_id: str) -> None:
        self._ledger, self._job_id, self._moved = ledger, job_id, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger.store, name)

    def commit_lane(self, *arguments: object, **options: object) -> bool:
        if not self._moved:
            self._moved = True
            self._ledger.do(self._job_id, "register", "late")
        return self._ledger.store.commit_lane(*arguments, **options)


def spoil(ledger: Ledger, job_id: str) -> None:
    """Make a head wrong, as only a fault in the ledger or a hand in the table could."""
    lane = ledger.store._records[job_id].lanes[0]
    lane.head = replace(lane.head, counts=replace(lane.head.counts, pending=7, completed=3))
