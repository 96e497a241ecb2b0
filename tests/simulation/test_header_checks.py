"""The job that the checks derive from facts is the one that the product stored."""

from dataclasses import replace

import pytest

from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import cancel, create, next_step, reopen, seal
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job, JobSpec
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode
from tests.simulation.header_checks import created_job, had_counts, job_after

SPEC = JobSpec(job_id=make_job_id(0, 0, 1), name="night run", lanes=1, created_at=7)
JOB, (HEAD,), CREATED = create(SPEC)
SOME = Counts(completed=2, failed=1, failings=1)
SEALED = seal(JOB, SOME, 9)
FIRST_FAILURE = next_step(SEALED.job, [replace(HEAD, gate=1, counts=SOME)], 10)
CANCELED = cancel(FIRST_FAILURE.job, SOME, 11)


def closed(job: Job) -> Head:
    return replace(HEAD, gate=job.gate, counts=SOME)


def verdict_of(job: Job) -> Step:
    return next_step(job, [closed(job)], 12)


def test_a_new_job_is_what_its_creation_makes() -> None:
    assert created_job(JOB, CREATED) == JOB


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (JOB, SEALED),
        (SEALED.job, FIRST_FAILURE),
        (FIRST_FAILURE.job, CANCELED),
        (CANCELED.job, verdict_of(CANCELED.job)),
        (FIRST_FAILURE.job, verdict_of(FIRST_FAILURE.job)),
        (verdict_of(CANCELED.job).job, reopen(verdict_of(CANCELED.job).job, 13)),
        (
            verdict_of(FIRST_FAILURE.job).job,
            reopen(verdict_of(FIRST_FAILURE.job).job, 13, mode=LaneMode.SEALED),
        ),
    ],
    ids=["seal", "first failure", "cancel", "canceled", "completed", "reopening", "retry"],
)
def test_each_fact_makes_of_a_job_what_the_product_did(before: Job, step: Step) -> None:
    (fact,) = step.facts

    assert job_after(before, fact, step.job) == step.job


def test_only_the_retention_of_its_rows_changes_without_a_fact() -> None:
    (fact,) = SEALED.facts
    renewed = replace(SEALED.job, renewed_since=99, rows_lost=True)
    elsewhere = replace(SEALED.job, spec=replace(SPEC, name="day run"))

    assert job_after(JOB, fact, renewed) == renewed
    assert job_after(JOB, fact, elsewhere) != elsewhere


def test_a_fact_has_counts_that_its_lane_had_since_the_fact_before() -> None:
    (fact,) = SEALED.facts
    facts = [replace(CREATED, counts=Counts(pending=1)), fact]
    first, second, third = Counts(pending=1), SOME, Counts(completed=3)

    assert had_counts(facts, fact, [Counts(), first, second, third])
    assert not had_counts(facts, fact, [Counts(), first, third])
    assert not had_counts(facts, fact, [second, first, third])
    assert had_counts([CREATED], CREATED, [Counts()])
    assert not had_counts([CREATED], facts[0], [Counts(), first])
