"""Jobs taken step by step, with lanes of which only the counts matter."""

from forgeledger.jobs.model.job_lifecycle import Step, advance, seal
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts, LaneMode
from tests.support.builders import NOW, make_head, make_job

DONE = Counts(completed=3)


def heads_with(counts: Counts, *, gate: int = 0, lanes: int = 2) -> tuple:
    """The counts in the last lane, nothing in the others; all of them followed the gate."""
    empty = tuple(make_head(lane=lane, gate=gate) for lane in range(lanes - 1))
    return (*empty, make_head(lane=lanes - 1, gate=gate, counts=counts))


def sealed_job(**overrides: object) -> Job:
    return seal(make_job(lanes=2, **overrides), Counts(), NOW).job


def advanced(job: Job, counts: Counts, now: int = NOW) -> Step:
    return advance(job, heads_with(counts, gate=job.gate), now)


def ended(job: Job, counts: Counts, now: int = NOW) -> Job:
    """Taken on until nothing more follows, with lanes that follow at once."""
    for _ in range(4):
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
    raise AssertionError("a job that never rests")
