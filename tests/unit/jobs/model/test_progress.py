"""How far a job is and how fast, by its counts and by what was rolled up before."""

from typing import Any

import pytest

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts, LaneMode
from forgeledger.jobs.model.progress import Pace, Progress, Sample, pace, rolled_up
from forgeledger.jobs.model.sums import Sums
from tests.support.builders import NOW, make_head, make_job


def sealed_job(**overrides: Any) -> Job:
    return make_job(lanes=1, mode=LaneMode.SEALED, sealed_at=NOW, **overrides)


def counts_of(completed: int, of: int, **others: int) -> Counts:
    pending = of - completed - sum(others.values())
    failings = others.get("failed", 0)
    return Counts(completed=completed, pending=pending, failings=failings, **others)


class Watch:
    """A job that is rolled up whenever something is committed."""

    def __init__(self, job: Job, total: int) -> None:
        self.job = job
        self.total = total
        self.now = job.opened_at
        self.offset = 0
        self.completed = 0
        self.progress = Progress()
        self.commit()

    @property
    def counts(self) -> Counts:
        return counts_of(self.completed, self.total)

    def commit(self, completed: int = 0) -> None:
        self.offset += 1
        self.completed += completed
        head = make_head(counts=self.counts, offset=self.offset)
        self.progress = rolled_up(self.progress, self.job, [head], self.now) or self.progress

    def work(self, *, items: int, gap_seconds: float) -> None:
        for _ in range(items):
            self.wait(gap_seconds)
            self.commit(completed=1)

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * 1_000)

    def pace(self) -> Pace:
        return pace(self.job, self.counts, self.progress, self.now)


def share(job: Job, counts: Counts) -> float:
    return pace(job, counts, Progress(), NOW + 1).share


class TestShare:
    @pytest.mark.parametrize(
        ("completed", "of", "expected"),
        [
            (0, 3, 0.0),
            (1, 3, 0.333333),
            (2, 3, 0.666666),
            (3, 3, 1.0),
            (9_999_999, 10_000_000, 0.999999),
            (29, 100, 0.29),
        ],
    )
    def test_is_rounded_down_while_something_is_left(self, completed, of, expected):
        assert share(sealed_job(), counts_of(completed, of)) == expected

    def test_counts_failed_items_and_no_canceled_ones(self):
        counts = counts_of(1, 10, failed=2, canceled=4)

        assert share(sealed_job(), counts) == 0.3

    def test_of_a_canceled_job_is_what_was_worked(self):
        job = sealed_job(status=JobStatus.CANCELED, finished_at=NOW + 5)

        assert share(job, counts_of(1, 4, canceled=3)) == 0.25

    def test_is_one_of_the_expected_items_until_no_more_can_come(self):
        counts = counts_of(2, 2)

        assert share(make_job(expected_items=8), counts) == 0.25
        assert share(sealed_job(expected_items=8), counts) == 1.0

    @pytest.mark.parametrize(("status", "expected"), [("COMPLETED", 1.0), ("CANCELED", 0.0)])
    def test_of_nothing_is_all_only_where_the_job_completed(self, status, expected):
        assert share(sealed_job(status=JobStatus(status), finished_at=NOW), Counts()) == expected


class TestRateAndTimeLeft:
    def test_are_measured_since_the_job_was_opened_at_first(self):
        watch = Watch(sealed_job(), 100)
        watch.work(items=10, gap_seconds=2)

        measured = watch.pace()

        assert (measured.items_per_second, measured.eta_seconds) == (0.5, 180)
        assert measured.unchanged_seconds is None

    def test_forget_how_slow_the_beginning_was(self):
        watch = Watch(sealed_job(), 1_000)
        watch.work(items=20, gap_seconds=10)
        watch.work(items=150, gap_seconds=1)

        assert watch.pace().items_per_second == pytest.approx(1.0, rel=0.05)

    def test_rest_on_ten_items_however_slow_they_are(self):
        watch = Watch(sealed_job(), 100)
        for _ in range(25):
            # Heartbeats move nothing.
            for _ in range(10):
                watch.wait(60)
                watch.commit()
            watch.commit(completed=1)

        assert watch.pace().items_per_second == pytest.approx(1 / 600, rel=0.05)
        assert watch.pace().eta_seconds == pytest.approx(75 * 600, rel=0.05)

    def test_do_not_count_what_is_canceled(self):
        job = sealed_job()
        head = make_head(counts=counts_of(10, 100), offset=1)
        progress = rolled_up(Progress(), job, [head], NOW + 5_000)
        assert progress is not None
        counts = counts_of(10, 100, canceled=50)

        measured = pace(job, counts, progress, NOW + 10_000)

        assert (measured.items_per_second, measured.eta_seconds) == (1.0, 40)

    def test_there_is_no_time_left_that_is_known_while_items_may_come(self):
        counts, now = counts_of(5, 10), NOW + 10_000

        assert pace(make_job(), counts, Progress(), now).eta_seconds is None
        assert pace(make_job(expected_items=20), counts, Progress(), now).eta_seconds == 30

    def test_a_rate_before_any_time_has_passed_is_not_known(self):
        measured = pace(sealed_job(), counts_of(5, 10), Progress(), NOW)

        assert (measured.items_per_second, measured.eta_seconds) == (None, None)


class TestStandstill:
    def test_has_no_time_left_but_says_for_how_long(self):
        watch = Watch(sealed_job(), 100)
        watch.work(items=10, gap_seconds=1)
        watch.wait(61)

        measured = watch.pace()

        assert (measured.items_per_second, measured.eta_seconds) == (0.0, None)
        assert measured.unchanged_seconds == 61

    def test_is_not_ended_by_commits_that_finish_nothing(self):
        watch = Watch(sealed_job(), 100)
        watch.work(items=10, gap_seconds=1)
        for _ in range(20):
            watch.wait(10)
            watch.commit()

        assert watch.pace().unchanged_seconds == 200

    def test_is_measured_from_the_opening_if_nothing_was_finished(self):
        watch = Watch(sealed_job(), 100)
        watch.wait(59)
        before = watch.pace().unchanged_seconds
        watch.wait(1)

        assert (before, watch.pace().unchanged_seconds) == (None, 60)

    def test_is_no_standstill_where_items_take_long(self):
        watch = Watch(sealed_job(), 100)
        watch.work(items=20, gap_seconds=100)
        watch.wait(999)
        before = watch.pace()
        watch.wait(1)

        assert before.unchanged_seconds is None
        assert before.eta_seconds is not None
        assert watch.pace().unchanged_seconds == 1_000

    def test_ends_with_the_next_finished_item_even_before_it_is_rolled_up(self):
        watch = Watch(sealed_job(), 100)
        watch.work(items=10, gap_seconds=1)
        watch.wait(300)
        watch.completed += 1

        assert watch.pace().unchanged_seconds is None

    def test_does_not_slow_down_the_rate_of_what_follows(self):
        watch = Watch(sealed_job(), 1_000)
        watch.work(items=100, gap_seconds=1)
        watch.wait(3_600)
        watch.commit(completed=1)
        watch.work(items=10, gap_seconds=1)

        assert watch.pace().items_per_second == 1.0

    def test_a_finished_job_does_not_stand_still(self):
        job = sealed_job(status=JobStatus.COMPLETED, finished_at=NOW + 10_000)

        measured = pace(job, counts_of(5, 5), Progress(), NOW + 999_000)

        assert measured == Pace(share=1.0, items_per_second=0.5, eta_seconds=0)


class TestReopening:
    def reopened(self, watch: Watch, counts: Counts) -> Watch:
        """The watch on the next epoch, in which the counts begin with these of the verdict."""
        watch.job = replace(watch.job, epoch=2, opened_at=watch.now, counts_at_verdict=counts)
        return watch

    def test_starts_the_rate_anew(self):
        watch = Watch(sealed_job(), 100)
        watch.work(items=100, gap_seconds=1)
        watch.wait(10_000)
        watch = self.reopened(watch, watch.counts)
        watch.total = 200
        watch.commit()
        watch.wait(2)
        watch.commit(completed=1)

        measured = watch.pace()

        assert (measured.items_per_second, measured.eta_seconds) == (0.5, 198)

    def test_does_not_take_the_old_standstill_over(self):
        watch = Watch(sealed_job(), 100)
        watch.work(items=100, gap_seconds=1)
        watch.wait(10_000)

        watch = self.reopened(watch, watch.counts)
        watch.total = 200

        assert watch.pace().unchanged_seconds is None

    def test_by_a_retry_counts_the_retried_item_when_it_is_done(self):
        """A failed item that is retried leaves the finished ones: their number is no measure."""
        at_verdict = Counts(completed=9, failed=1, failings=1)
        job = sealed_job(epoch=2, counts_at_verdict=at_verdict)
        completed = Counts(completed=10, failings=1)

        measured = pace(job, completed, Progress(counts=at_verdict), NOW + 4_000)

        assert measured.items_per_second == 0.25


class TestRollUp:
    def test_never_goes_backwards(self):
        last = Progress(offsets=7, at=NOW)

        assert rolled_up(last, make_job(), [make_head(offset=6)], NOW) is None

    def test_corrects_what_drifted(self):
        head = make_head(offset=7, counts=Counts(pending=3), sums=Sums(retrying=2))
        last = Progress(offsets=7, at=NOW, counts=Counts(pending=3), retrying=1)

        progress = rolled_up(last, make_job(), [head], NOW + 1)

        assert progress is not None
        assert progress.retrying == 2
        assert rolled_up(progress, make_job(), [head], NOW + 2) is None

    def test_adds_up_the_lanes(self):
        heads = [
            make_head(counts=Counts(pending=3), sums=Sums(retrying=2), offset=9),
            make_head(counts=Counts(completed=1), sums=Sums(retrying=1), offset=5, lane=1),
        ]

        progress = rolled_up(Progress(), make_job(), heads, NOW + 5)

        assert progress is not None
        assert progress.counts == Counts(pending=3, completed=1)
        assert (progress.retrying, progress.offsets, progress.moved_at) == (3, 14, NOW + 5)
        assert progress.sample == Sample(at=NOW)
