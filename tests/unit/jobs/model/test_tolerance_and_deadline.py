"""Tolerated failures, deadlines, and the retention of a job's rows."""

import pytest

from forgeledger.jobs.model.facts import FactKind
from forgeledger.jobs.model.job_lifecycle import next_step, reopen
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import JobPhase, JobStatus, Tolerance
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules
from tests.support.builders import NOW, make_job
from tests.support.job_steps import DONE, advanced, ended, heads_with, sealed_job

DAY_MS = 24 * 3_600 * 1_000


class TestTolerance:
    @pytest.mark.parametrize(
        ("tolerance", "failed", "exceeded"),
        [
            (Tolerance(), 100, False),
            (Tolerance(failures=0), 0, False),
            (Tolerance(failures=0), 1, True),
            (Tolerance(failures=5), 5, False),
            (Tolerance(failures=5), 6, True),
            (Tolerance(failure_percent=0), 0, False),
            (Tolerance(failure_percent=0), 1, True),
            (Tolerance(failure_percent=2.5), 2, False),
            (Tolerance(failure_percent=2.5), 3, True),
            (Tolerance(failure_percent=100), 100, False),
            (Tolerance(failures=50, failure_percent=10), 11, True),
            (Tolerance(failures=5, failure_percent=10), 6, True),
        ],
    )
    def test_a_job_of_a_hundred_items_bears_so_many_failures(self, tolerance, failed, exceeded):
        assert tolerance.exceeded_by(failed, 100) is exceeded
        assert ended(
            sealed_job(tolerance=tolerance), Counts(failed=failed, completed=100 - failed)
        ).status is (
            JobStatus.FAILED
            if exceeded
            else JobStatus.COMPLETED_WITH_FAILURES
            if failed
            else JobStatus.COMPLETED
        )

    def test_too_many_failures_close_the_lanes_before_the_verdict(self):
        job = make_job(lanes=2, tolerance=Tolerance(failures=1))

        step = advanced(job, Counts(failed=2, pending=5))

        assert (step.job.status, step.job.ending) == (JobStatus.RUNNING, JobStatus.FAILED)
        assert (step.job.mode, step.job.gate) == (LaneMode.CLOSED, 1)
        assert [(fact.kind, fact.published, fact.reason) for fact in step.facts] == [
            (FactKind.CLOSING, False, "tolerance")
        ]

    def test_the_verdict_comes_when_every_lane_is_closed(self):
        job = advanced(make_job(lanes=2, tolerance=Tolerance(failures=1)), Counts(failed=2)).job

        waiting = next_step(job, heads_with(Counts(failed=2), gate=0), NOW)
        verdict = advanced(job, Counts(failed=2, canceled=5))

        assert waiting == Step(job=job, lagging=(0, 1))
        assert verdict.job.status is JobStatus.FAILED
        assert verdict.checks_counts
        assert [(fact.kind, fact.reason) for fact in verdict.facts] == [
            (FactKind.FAILED, "tolerance")
        ]

    def test_a_share_is_not_taken_of_a_number_that_still_grows(self):
        job = make_job(lanes=2, tolerance=Tolerance(failure_percent=50))

        assert advanced(job, Counts(failed=1)).facts == ()

    def test_a_share_is_taken_of_the_expected_items(self):
        job = make_job(lanes=2, expected_items=10, tolerance=Tolerance(failure_percent=50))

        assert advanced(job, Counts(failed=5)).facts == ()
        assert advanced(job, Counts(failed=6)).job.ending is JobStatus.FAILED

    def test_a_share_is_taken_of_all_items_once_the_job_is_sealed(self):
        job = sealed_job(tolerance=Tolerance(failure_percent=50))

        assert advanced(job, Counts(failed=5, pending=5)).facts == ()
        assert advanced(job, Counts(failed=6, pending=4)).job.ending is JobStatus.FAILED

    def test_a_reopened_job_goes_on_with_the_failures_it_was_reopened_with(self):
        job = sealed_job(tolerance=Tolerance(failures=1))
        job = reopen(ended(job, Counts(failed=2)), NOW, mode=LaneMode.SEALED).job

        assert advanced(job, Counts(failed=1, pending=1)).facts == ()
        assert advanced(job, Counts(failed=2, pending=1)).facts == ()
        assert advanced(job, Counts(failed=3, pending=1)).job.ending is JobStatus.FAILED

    def test_the_verdict_on_a_reopened_job_counts_all_failures(self):
        job = sealed_job(tolerance=Tolerance(failures=1))
        job = reopen(ended(job, Counts(failed=2)), NOW, mode=LaneMode.SEALED).job

        assert ended(job, Counts(failed=2)).status is JobStatus.FAILED
        assert ended(job, Counts(failed=1)).status is JobStatus.COMPLETED_WITH_FAILURES


class TestDeadline:
    @pytest.mark.parametrize(("after_ms", "status"), [(9_999, "RUNNING"), (10_000, "FAILED")])
    def test_a_job_fails_when_its_deadline_passes(self, after_ms, status):
        job = make_job(lanes=2, deadline_seconds=10)

        assert ended(job, Counts(pending=1), NOW + after_ms).status == status

    def test_a_job_that_is_finished_in_the_moment_is_not_late(self):
        job = sealed_job(deadline_seconds=10)

        assert ended(job, DONE, NOW + 99_000).status is JobStatus.COMPLETED

    def test_a_reopened_job_has_the_whole_time_again(self):
        late = NOW + 99_000
        job = reopen(ended(make_job(lanes=2, deadline_seconds=10), DONE, late), late).job

        assert job.deadline_at == late + 10_000
        assert advanced(job, DONE, late + 9_999).facts == ()

    def test_without_a_deadline_there_is_none(self):
        assert make_job().deadline_at is None


class TestPhase:
    @pytest.mark.parametrize(
        ("fields", "phase"),
        [
            ({}, JobPhase.RUNNING),
            ({"ending": JobStatus.FAILED}, JobPhase.ENDING),
            ({"ending": JobStatus.CANCELED}, JobPhase.CANCELED),
            ({"status": JobStatus.CANCELED}, JobPhase.CANCELED),
            ({"status": JobStatus.COMPLETED}, JobPhase.FINISHED),
            ({"status": JobStatus.COMPLETED_WITH_FAILURES}, JobPhase.FINISHED),
            ({"status": JobStatus.FAILED}, JobPhase.FINISHED),
            ({"status": JobStatus.FAILED, "renewed_since": NOW - 30 * DAY_MS}, JobPhase.PAST),
        ],
    )
    def test_the_phase_follows_from_status_and_verdict(self, fields, phase):
        assert make_job(**fields).phase(NOW) is phase

    @pytest.mark.parametrize(
        ("ttl_days", "after_days", "over"),
        [(30, 28.9, False), (30, 29, True), (1, 0.7, False), (1, 0.75, True), (0, 9_999, False)],
    )
    def test_a_job_cannot_run_again_when_too_little_time_is_left_to_keep_its_rows(
        self, ttl_days, after_days, over
    ):
        job = make_job(rules=LaneRules(ttl_days=ttl_days))

        assert job.retention_over(NOW + int(after_days * DAY_MS)) is over

    @pytest.mark.parametrize(
        ("ttl_days", "after_days", "gone"),
        [(30, 29.9, False), (30, 30, True), (1, 0.9, False), (1, 1, True), (0, 9_999, False)],
    )
    def test_rows_may_be_gone_when_their_days_are_over(self, ttl_days, after_days, gone):
        job = make_job(rules=LaneRules(ttl_days=ttl_days))

        assert job.rows_may_be_gone(NOW + int(after_days * DAY_MS)) is gone

    @pytest.mark.parametrize(
        ("status", "after_days", "late"),
        [
            (JobStatus.RUNNING, 28.9, False),
            (JobStatus.RUNNING, 29, True),
            (JobStatus.FAILED, 29, False),
        ],
    )
    def test_only_a_job_that_runs_is_late_in_keeping_its_rows(self, status, after_days, late):
        job = make_job(status=status)

        assert job.retention_late(NOW + int(after_days * DAY_MS)) is late

    @pytest.mark.parametrize(("ttl_days", "due_days"), [(30, 15), (1, 0.5)])
    def test_retention_is_due_when_half_of_the_days_are_over(self, ttl_days, due_days):
        job = make_job(rules=LaneRules(ttl_days=ttl_days))

        assert job.retention_due == NOW + int(due_days * DAY_MS)

    def test_rows_that_never_expire_need_no_extension(self):
        assert make_job(rules=LaneRules(ttl_days=0)).retention_due is None
