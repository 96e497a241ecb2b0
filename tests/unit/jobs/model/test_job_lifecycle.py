"""A job from its creation to its verdict, and through its reopening."""

import pytest

from forgeledger.jobs.model.facts import Fact, FactKind, event_id
from forgeledger.jobs.model.job_lifecycle import (
    Step,
    cancel,
    create,
    genesis,
    next_step,
    reopen,
    seal,
    total,
)
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules
from tests.support.builders import JOB_ID, NOW, make_head, make_job, make_spec
from tests.support.job_steps import DONE, advanced, ended, heads_with, sealed_job


class TestCreating:
    def test_a_new_job_runs_unsealed_with_an_empty_head_for_each_lane(self):
        spec = make_spec(lanes=3, rules=LaneRules(max_attempts=5))

        job, heads, fact = create(spec)

        assert job.job_id == JOB_ID
        assert (job.status, job.epoch, job.sealed, job.facts) == (JobStatus.RUNNING, 1, False, 1)
        assert heads == genesis(spec)
        assert [(head.lane, head.rules.max_attempts) for head in heads] == [(0, 5), (1, 5), (2, 5)]
        assert fact == Fact(
            number=0,
            kind=FactKind.CREATED,
            epoch=1,
            at=NOW,
            status=JobStatus.RUNNING,
            counts=Counts(),
            duration_ms=0,
        )

    def test_a_fact_has_the_same_event_id_each_time_it_is_published(self):
        _, _, fact = create(make_spec())

        assert event_id(JOB_ID, fact) == f"{JOB_ID}:1:job.created"


class TestSealing:
    def test_sealing_moves_the_gate_that_the_lanes_follow(self):
        step = seal(make_job(), DONE, NOW + 5)

        assert (step.job.mode, step.job.gate, step.job.sealed_at) == (LaneMode.SEALED, 1, NOW + 5)
        assert [(fact.kind, fact.counts) for fact in step.facts] == [(FactKind.SEALED, DONE)]
        assert not step.checks_counts

    @pytest.mark.parametrize("mode", [LaneMode.SEALED, LaneMode.CLOSED])
    def test_sealing_again_changes_nothing(self, mode):
        job = make_job(mode=mode, gate=1)

        assert seal(job, DONE, NOW) == Step(job=job)

    @pytest.mark.parametrize(("known", "seals"), [(2, False), (3, True), (4, True)])
    def test_a_job_seals_itself_when_all_expected_items_are_known(self, known, seals):
        step = advanced(make_job(lanes=2, expected_items=3), Counts(pending=known))

        assert (step.job.mode is LaneMode.SEALED) is seals

    def test_a_job_that_expects_nothing_is_sealed_at_once(self):
        assert advanced(make_job(lanes=2, expected_items=0), Counts()).job.sealed

    def test_a_job_reopened_with_all_expected_items_waits_for_somebody_to_seal_it(self):
        job = reopen(ended(make_job(lanes=2, expected_items=3), DONE), NOW).job

        step = advanced(job, DONE)

        assert step.facts == ()
        assert not step.job.sealed

    def test_a_job_reopened_before_all_expected_items_came_still_seals_itself(self):
        canceled = cancel(make_job(lanes=2, expected_items=3), Counts(), NOW).job
        job = reopen(ended(canceled, Counts(canceled=2)), NOW).job

        assert not advanced(job, Counts(canceled=2)).job.sealed
        assert advanced(job, Counts(canceled=2, pending=1)).job.sealed


class TestCompleting:
    @pytest.mark.parametrize(
        ("counts", "status"),
        [
            (Counts(), JobStatus.COMPLETED),
            (Counts(completed=3), JobStatus.COMPLETED),
            (Counts(completed=2, failed=1), JobStatus.COMPLETED_WITH_FAILURES),
            (Counts(failed=3), JobStatus.COMPLETED_WITH_FAILURES),
            (Counts(completed=2, canceled=1), JobStatus.COMPLETED_WITH_FAILURES),
        ],
    )
    def test_a_sealed_job_is_complete_when_every_item_is_finished(self, counts, status):
        step = advanced(sealed_job(), counts, NOW + 90)

        assert (step.job.status, step.job.finished_at) == (status, NOW + 90)
        assert [fact.kind for fact in step.facts] == [FactKind.COMPLETED]
        assert (step.facts[0].counts, step.facts[0].duration_ms) == (counts, 90)
        assert step.facts[0].status is status
        assert step.checks_counts

    @pytest.mark.parametrize("unfinished", [Counts(pending=1), Counts(in_progress=1)])
    def test_a_sealed_job_with_unfinished_items_goes_on(self, unfinished):
        job = sealed_job()

        assert advanced(job, DONE + unfinished) == Step(job=job)

    def test_an_unsealed_job_is_never_complete(self):
        job = make_job(lanes=2)

        assert advanced(job, DONE) == Step(job=job)

    def test_a_lane_that_lags_may_still_take_items_and_is_waited_for(self):
        job = sealed_job()
        heads = (make_head(lane=0, gate=1, counts=DONE), make_head(lane=1, gate=0))

        assert next_step(job, heads, NOW) == Step(job=job, lagging=(1,))

    def test_a_finished_job_takes_no_step(self):
        job = ended(sealed_job(), DONE)

        assert advanced(job, DONE) == Step(job=job)
        assert next_step(job, heads_with(DONE), NOW).lagging == (0, 1)

    def test_a_verdict_says_what_the_next_epoch_begins_with(self):
        counts = Counts(completed=1, failed=1, failings=4)

        assert ended(sealed_job(), counts).counts_at_verdict == counts

    def test_a_clock_that_is_behind_makes_no_negative_duration(self):
        assert advanced(sealed_job(), DONE, NOW - 5).facts[0].duration_ms == 0


class TestFirstFailure:
    def test_the_first_failure_is_recorded_before_everything_else(self):
        step = advanced(sealed_job(), Counts(failed=1, failings=1))

        assert [fact.kind for fact in step.facts] == [FactKind.FIRST_FAILURE]
        assert step.job.status is JobStatus.RUNNING

    def test_it_is_recorded_once_in_an_epoch(self):
        job = advanced(make_job(lanes=2), Counts(failed=1, failings=1)).job

        assert advanced(job, Counts(failed=2, failings=2)).facts == ()

    def test_it_is_recorded_even_when_the_item_was_retried_meanwhile(self):
        step = advanced(make_job(lanes=2), Counts(pending=1, failings=1))

        assert [fact.kind for fact in step.facts] == [FactKind.FIRST_FAILURE]

    def test_a_new_epoch_has_its_own(self):
        job = reopen(ended(sealed_job(), Counts(failed=1, failings=1)), NOW).job

        old = advanced(job, Counts(failed=1, failings=1))
        new = advanced(job, Counts(failed=2, failings=2))

        assert old.facts == ()
        assert [(fact.kind, fact.epoch) for fact in new.facts] == [(FactKind.FIRST_FAILURE, 2)]


class TestCanceling:
    def test_canceling_closes_the_lanes_and_then_ends_the_job(self):
        closing = cancel(make_job(lanes=2), Counts(pending=2), NOW)
        verdict = advanced(closing.job, Counts(canceled=2))

        assert (closing.job.ending, closing.job.mode) == (JobStatus.CANCELED, LaneMode.CLOSED)
        assert verdict.job.status is JobStatus.CANCELED
        assert [fact.kind for fact in verdict.facts] == [FactKind.CANCELED]

    def test_canceling_again_changes_nothing(self):
        closing = cancel(make_job(lanes=2), Counts(), NOW).job
        canceled = ended(closing, Counts())

        assert cancel(closing, Counts(), NOW) == Step(job=closing)
        assert cancel(canceled, Counts(), NOW) == Step(job=canceled)

    def test_a_first_failure_is_recorded_even_while_the_job_is_canceled(self):
        closing = cancel(make_job(lanes=2), Counts(), NOW).job

        step = next_step(closing, heads_with(Counts(failed=1, failings=1)), NOW)

        assert [fact.kind for fact in step.facts] == [FactKind.FIRST_FAILURE]
        assert step.job.ending is JobStatus.CANCELED


class TestReopening:
    @pytest.mark.parametrize("mode", [LaneMode.OPEN, LaneMode.SEALED])
    def test_reopening_begins_an_epoch(self, mode):
        finished = ended(sealed_job(), Counts(completed=1, failed=1))

        step = reopen(finished, NOW + 60, mode=mode)

        job = step.job
        assert (job.status, job.epoch, job.mode) == (JobStatus.RUNNING, 2, mode)
        assert (job.gate, job.opened_at, job.finished_at) == (finished.gate + 1, NOW + 60, None)
        assert (job.sealed_at is not None) is (mode is LaneMode.SEALED)
        assert [(fact.kind, fact.epoch) for fact in step.facts] == [(FactKind.REOPENED, 2)]

    def test_a_job_that_is_not_finished_is_not_reopened(self):
        running = make_job()
        ending = cancel(make_job(), Counts(), NOW).job

        assert reopen(running, NOW) == Step(job=running)
        assert reopen(ending, NOW) == Step(job=ending)

    def test_each_epoch_ends_with_an_event_of_its_own(self):
        job = sealed_job()
        ids = []
        for _ in range(3):
            step = advanced(job, DONE)
            ids += [event_id(JOB_ID, fact) for fact in step.facts]
            job = reopen(step.job, NOW, mode=LaneMode.SEALED).job

        assert ids == [f"{JOB_ID}:{epoch}:job.completed" for epoch in (1, 2, 3)]

    def test_facts_are_numbered_without_a_gap(self):
        job, _, fact = create(make_spec(lanes=2))
        facts = [fact]
        for step_of in (
            lambda job: seal(job, Counts(), NOW),
            lambda job: advanced(job, Counts(failed=1, failings=1)),
            lambda job: advanced(job, Counts(failed=1, failings=1)),
            lambda job: reopen(job, NOW),
            lambda job: cancel(job, Counts(), NOW),
            lambda job: advanced(job, Counts(failed=1, failings=1)),
        ):
            step = step_of(job)
            facts += step.facts
            job = step.job

        assert [fact.number for fact in facts] == list(range(7))
        assert job.facts == 7


def test_the_counts_of_a_job_are_those_of_its_lanes():
    heads = (make_head(counts=Counts(pending=1)), make_head(counts=Counts(failed=2, failings=3)))

    assert total(heads) == Counts(pending=1, failed=2, failings=3)
