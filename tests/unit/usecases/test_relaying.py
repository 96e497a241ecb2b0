from collections.abc import Callable
from dataclasses import replace

import pytest

from forgeledger.adapters.memory import MemoryStore
from forgeledger.domain.advancing import Step, cancel, seal
from forgeledger.domain.ids import make_job_id
from forgeledger.domain.jobs import Job, JobStatus
from forgeledger.domain.lanes import Counts
from forgeledger.errors import JobNotFound, RowsVanished, StorageBusy, StorageCorrupt
from forgeledger.ports import JobChange, JobView, Progress
from forgeledger.usecases.recounting import Recounter
from forgeledger.usecases.relaying import Relay, Wake, WakeKind
from forgeledger.usecases.telling import Teller
from tests.builders import NOW, make_command
from tests.ledgers import Ledger

UNKNOWN = make_job_id(NOW, 99, 2)


def always() -> bool:
    return True


def heads(*job_ids: str) -> list[Wake]:
    return [Wake(str(number), WakeKind.HEAD, each) for number, each in enumerate(job_ids)]


def test_a_finished_job_is_completed_and_told_once(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a", "b")
    ledger.life.seal(job_id)
    ledger.do(job_id, "complete", "a", "b")
    relay = Relay(ledger.advancer, ledger.teller)

    for _ in range(3):
        relay.relay(heads(job_id), always)
        relay.relay([Wake("7", WakeKind.FACT, job_id)], always)

    assert ledger.bus.heard == ["1:job.created", "1:job.sealed", "1:job.completed"]


def test_a_head_that_moved_tells_nothing_before_its_fact_comes(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.life.seal(job_id)

    relayed = Relay(ledger.advancer, ledger.teller).relay(heads(job_id, job_id), always)

    assert (relayed.failed, relayed.told, ledger.bus.heard) == ((), 0, [])


@pytest.mark.parametrize("ask", [seal, cancel])
def test_a_step_that_died_before_its_lanes_is_gone_on_with_for_its_fact(
    ledger: Ledger, ask: Callable[[Job, Counts, int], Step]
) -> None:
    job_id = ledger.job()
    before = ledger.view(job_id).job
    step = ask(before, Counts(), ledger.now)
    ledger.store.commit_job(JobChange(before=before, job=step.job, facts=step.facts))

    Relay(ledger.advancer, ledger.teller).relay([Wake("7", WakeKind.FACT, job_id)], always)

    assert ledger.view(job_id).job.finished


def test_the_first_failure_of_an_epoch_is_told_once(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a", "b", "c")
    ledger.do(job_id, "fail", "a")
    ledger.advancer.advance(job_id)
    ledger.do(job_id, "fail", "b")
    ledger.advancer.advance(job_id)

    ledger.teller.tell(job_id)

    assert ledger.bus.heard == ["1:job.created", "1:job.first_failure"]


def test_what_the_bus_refused_is_told_the_next_time(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.bus.refusals = 1
    relay = Relay(ledger.advancer, ledger.teller)
    wake = Wake("1", WakeKind.FACT, job_id)

    first = relay.relay([wake], always)
    second = relay.relay([wake], always)

    assert [each for each, _ in first.failed] == [wake]
    assert (second.failed, second.told) == ((), 1)
    assert ledger.bus.heard == ["1:job.created"]


def test_facts_that_come_while_others_are_told_do_not_leave_the_job_open(ledger: Ledger) -> None:
    job_id = ledger.job()
    early = ledger.view(job_id)
    ledger.life.cancel(job_id)

    class LoadedEarly(MemoryStore):
        def load_job(self, job_id: str) -> JobView | None:
            return early

        def __getattribute__(self, name: str) -> object:
            own = name in {"load_job", "__class__"}
            return object.__getattribute__(self, name) if own else getattr(ledger.store, name)

    Teller(LoadedEarly(), ledger.bus).tell(job_id)
    ledger.teller.tell(job_id)

    assert ledger.bus.heard == ["1:job.created", "1:job.canceled"]
    assert ledger.store.list_open(None, 10) == ((), None)


def test_a_reopened_job_is_told_with_its_new_epoch(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.life.seal(job_id)
    ledger.life.reopen(job_id)
    ledger.life.cancel(job_id)

    told = ledger.teller.tell(job_id)

    assert ledger.bus.heard == [
        "1:job.created",
        "1:job.sealed",
        "1:job.completed",
        "2:job.reopened",
        "2:job.canceled",
    ]
    assert told == 5


def test_a_job_in_trouble_does_not_stop_the_others(ledger: Ledger) -> None:
    troubled, sound = ledger.job(), ledger.job()
    ledger.life.seal(sound)

    class Troubled:
        def advance(self, job_id: str) -> None:
            if job_id == troubled:
                raise StorageBusy("lane", 3)
            ledger.advancer.advance(job_id)

    relayed = Relay(Troubled(), ledger.teller).relay(heads(sound, troubled, sound), always)

    assert [wake.sequence_number for wake, _ in relayed.failed] == ["1"]


def test_without_time_everything_comes_again(ledger: Ledger) -> None:
    job_id = ledger.job()

    relayed = Relay(ledger.advancer, ledger.teller).relay(heads(job_id), lambda: False)

    assert [wake.job_id for wake, _ in relayed.failed] == [job_id]


def test_a_job_that_has_vanished_is_nothing_to_wait_for(ledger: Ledger) -> None:
    wakes = [*heads(UNKNOWN), Wake("9", WakeKind.FACT, UNKNOWN)]

    relayed = Relay(ledger.advancer, ledger.teller).relay(wakes, always)

    assert (relayed.failed, relayed.told) == ((), 0)


def test_a_fact_that_is_missing_is_not_passed_over(ledger: Ledger) -> None:
    job_id = ledger.job()

    class Forgetful:
        def __getattr__(self, name: str) -> object:
            return getattr(ledger.store, name)

        def read_facts(self, *_: object) -> tuple[()]:
            return ()

    with pytest.raises(StorageCorrupt):
        Teller(Forgetful(), ledger.bus).tell(job_id)


def test_the_roll_up_follows_the_heads_and_keeps_a_sample_to_measure_by(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a", "b", "c")
    ledger.do(job_id, "complete", "a")
    first = ledger.advancer.advance(job_id)
    ledger.now += 40_000
    ledger.do(job_id, "complete", "b")
    second = ledger.advancer.advance(job_id)
    ledger.now += 1_000
    ledger.do(job_id, "complete", "c")

    third = ledger.advancer.advance(job_id)

    assert first is not None
    assert second is not None
    assert third is not None
    assert first.progress.counts.completed == 1
    assert (second.progress.sample_at, second.progress.sample_finished) == (NOW, 0)
    assert (third.progress.sample_at, third.progress.sample_finished) == (NOW + 40_000, 2)
    assert ledger.view(job_id).progress == third.progress


def test_a_roll_up_never_goes_backwards(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.advancer.advance(job_id)
    latest = ledger.view(job_id).progress

    ledger.store.roll_up(job_id, Progress(offsets=latest.offsets - 1, at=NOW))
    ledger.advancer.advance(job_id)

    assert ledger.view(job_id).progress == latest


class TestReconcile:
    def test_a_lost_stream_is_made_good_from_the_table(self, ledger: Ledger) -> None:
        job_id = ledger.job()
        ledger.do(job_id, "register", "a")
        ledger.life.seal(job_id)
        ledger.do(job_id, "complete", "a")

        done, after = ledger.reconciler.reconcile_open(always)

        assert [(one.job_id, one.status, one.told) for one in done] == [(job_id, "COMPLETED", 3)]
        assert after is None
        assert ledger.bus.heard == ["1:job.created", "1:job.sealed", "1:job.completed"]

    def test_a_finished_job_with_something_to_tell_is_open_until_it_is_told(
        self, ledger: Ledger
    ) -> None:
        job_id = ledger.job()
        ledger.life.seal(job_id)

        first, _ = ledger.reconciler.reconcile_open(always)
        second, _ = ledger.reconciler.reconcile_open(always)

        assert [one.told for one in first] == [3]
        assert second == []
        assert ledger.view(job_id).published == 3

    def test_it_goes_on_where_time_ran_out(self, ledger: Ledger) -> None:
        jobs = sorted(ledger.job() for _ in range(3))
        time_left = iter([True, True, False])

        first, after = ledger.reconciler.reconcile_open(lambda: next(time_left))
        second, end = ledger.reconciler.reconcile_open(always, after)

        assert [one.job_id for one in (*first, *second)] == jobs
        assert end is None

    def test_a_head_that_drifted_is_set_right_from_the_items(self, ledger: Ledger) -> None:
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

    def test_a_large_job_does_not_cost_the_others_their_deadline(self, ledger: Ledger) -> None:
        large = ledger.job(lanes=1)
        ledger.do(large, "register", *(f"i{n}" for n in range(250)))
        late = ledger.job(deadline_seconds=60)
        ledger.do(late, "register", "a")
        ledger.now += 16 * 24 * 3_600 * 1_000
        looks = iter([True, True, True, False])

        ledger.reconciler.reconcile_open(lambda: next(looks))

        assert ledger.view(late).job.status is JobStatus.FAILED
        assert ledger.view(large).job.kept_since == NOW

    def test_a_job_whose_rows_may_have_vanished_is_not_counted(self, ledger: Ledger) -> None:
        job_id = ledger.job()
        ledger.life.seal(job_id)
        ledger.now += 30 * 24 * 3_600 * 1_000

        with pytest.raises(RowsVanished):
            ledger.reconciler.recount(job_id, always)

    def test_all_open_jobs_are_counted_when_that_is_asked_for(self, ledger: Ledger) -> None:
        job_id = ledger.job(lanes=1)
        ledger.do(job_id, "register", "a")
        spoil(ledger, job_id)

        (done,), _ = ledger.reconciler.reconcile_open(always, recount=True)

        assert done.drifted_lanes == (0,)

    def test_a_header_that_drifted_is_set_right(self, ledger: Ledger) -> None:
        job_id = ledger.job()
        ledger.do(job_id, "register", "a")
        ledger.advancer.advance(job_id)
        right = ledger.view(job_id).progress
        wrong = replace(right, counts=replace(right.counts, pending=99))
        ledger.store.roll_up(job_id, wrong)

        ledger.reconciler.reconcile(job_id)

        assert ledger.view(job_id).progress.counts == right.counts

    def test_a_lane_of_many_pages_is_counted_to_its_end(self, ledger: Ledger) -> None:
        job_id = ledger.job(lanes=1)
        names = [f"i{n}" for n in range(1_001)]
        commands = [make_command("register", item_id=name, command_id=name) for name in names]
        ledger.applier.apply(job_id, 0, commands)
        spoil(ledger, job_id)

        done = ledger.reconciler.recount(job_id, always)

        assert done.drifted_lanes == (0,)
        assert ledger.view(job_id).heads[0].counts.pending == 1_001

    def test_a_head_that_moves_before_it_is_healed_is_counted_again(self, ledger: Ledger) -> None:
        job_id = ledger.job(lanes=1)
        ledger.do(job_id, "register", "a")
        spoil(ledger, job_id)
        late = LateMover(ledger, job_id)

        drifted = Recounter(late, ledger.around).recount(job_id, 0)

        assert drifted
        assert ledger.view(job_id).heads[0].counts.pending == 2

    def test_counting_goes_on_with_the_lane_where_time_ran_out(self, ledger: Ledger) -> None:
        job_id = ledger.job(lanes=3)
        time_left = iter([True, False])

        first = ledger.reconciler.recount(job_id, lambda: next(time_left))
        second = ledger.reconciler.recount(job_id, always, first.next_lane or 0)

        assert (first.next_lane, second.next_lane) == (1, None)

    def test_a_lane_that_moves_all_the_time_is_called_busy(self, ledger: Ledger) -> None:
        job_id = ledger.job(lanes=1)
        ledger.do(job_id, "register", "a")
        recounter = Recounter(Restless(ledger, job_id), ledger.around)

        done = replace(ledger.reconciler, recounter=recounter).recount(job_id, always)

        assert (done.busy_lanes, done.drifted_lanes) == ((0,), ())

    @pytest.mark.parametrize("how", ["reconcile_one", "recount"])
    def test_an_unknown_job_is_named(self, ledger: Ledger, how: str) -> None:
        with pytest.raises(JobNotFound):
            getattr(ledger.reconciler, how)(UNKNOWN, always)

    def test_counting_the_lane_of_an_unknown_job_names_it(self, ledger: Ledger) -> None:
        with pytest.raises(JobNotFound):
            ledger.recounter.recount(UNKNOWN, 0)

    def test_rows_of_a_long_job_are_kept_and_those_of_a_short_one_left_alone(
        self, ledger: Ledger
    ) -> None:
        long, short = ledger.job(), ledger.job()
        ledger.do(long, "register", *(f"i{n}" for n in range(5)))
        ledger.reconciler.reconcile_one(long, always)
        before = ledger.view(long).job.kept_since
        ledger.now += 16 * 24 * 3_600 * 1_000

        ledger.reconciler.reconcile_one(long, always)

        half = NOW + 15 * 24 * 3_600 * 1_000
        assert (before, ledger.view(long).job.kept_since) == (NOW, half)
        assert ledger.view(short).job.kept_since == NOW

    def test_keeping_rows_goes_on_where_time_ran_out(self, ledger: Ledger) -> None:
        job_id = ledger.job()
        ledger.do(job_id, "register", *(f"i{n}" for n in range(250)))
        ledger.now += 16 * 24 * 3_600 * 1_000
        time_left = iter([True, False])

        ledger.reconciler.reconcile_one(job_id, lambda: next(time_left))
        cut_short = ledger.view(job_id).job.kept_since
        ledger.reconciler.reconcile_one(job_id, always)

        assert cut_short == NOW
        assert ledger.view(job_id).job.kept_since > NOW

    def test_a_job_in_trouble_does_not_stop_the_others(self, ledger: Ledger) -> None:
        troubled, sound = sorted([ledger.job(), ledger.job()])

        class Troubled:
            def advance(self, job_id: str) -> JobView | None:
                if job_id == troubled:
                    raise StorageBusy("lane", 3)
                return ledger.advancer.advance(job_id)

        reconciler = replace(ledger.reconciler, advancer=Troubled())

        done, after = reconciler.reconcile_open(always)

        assert [(one.job_id, one.status) for one in done] == [(troubled, None), (sound, "RUNNING")]
        assert done[0].error == "StorageBusy: lane: still busy after 3 attempts"
        assert after is None


class Restless:
    """The store, with a lane that gets an item whenever its items are listed."""

    def __init__(self, ledger: Ledger, job_id: str) -> None:
        self._ledger, self._job_id = ledger, job_id

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger.store, name)

    def list_items(self, *arguments: object) -> object:
        page = self._ledger.store.list_items(*arguments)
        self._ledger.do(self._job_id, "register", f"new-{self._ledger.made}")
        return page


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
