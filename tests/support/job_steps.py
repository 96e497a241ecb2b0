"""Jobs advanced step by step, with lanes that have nothing but counts."""

from forgeledger.jobs.model.job_lifecycle import next_step, seal
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts, LaneMode
from tests.support.builders import NOW, make_head, make_job

DONE = Counts(completed=3)


def heads_with(counts: Counts, *, gate: int = 0, lanes: int = 2) -> tuple:
    """Heads at this gate, with the counts in the last lane and empty ones before it."""
    empty = tuple(make_head(lane=lane, gate=gate) for lane in range(lanes - 1))
    return (*empty, make_head(lane=lanes - 1, gate=gate, counts=counts))


def sealed_job(**overrides: object) -> Job:
    return seal(make_job(lanes=2, **overrides), Counts(), NOW).job


def advanced(job: Job, counts: Counts, now: int = NOW) -> Step:
    return next_step(job, heads_with(counts, gate=job.gate), now)


def ended(job: Job, counts: Counts, now: int = NOW) -> Job:
    """Advance the job until no facts follow; its lanes follow each gate at once."""
    for _ in range(6):
        step = advanced(job, counts, now)
        if not step.facts:
            return job
        if step.job.mode is LaneMode.CLOSED and job.mode is not LaneMode.CLOSED:
            canceled = counts.canceled + counts.unfinished
            counts = Counts(
                completed=counts.completed,
                failed=counts.failed,
                canceled=canceled,
                failings=counts.failings,
            )
        job = step.job
    raise AssertionError("the job never comes to rest")
