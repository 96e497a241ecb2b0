"""Mutants of idle jobs: canceled too early, without a warning, in spite of commits, or never."""

from collections.abc import Iterator
from unittest.mock import patch

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model import job_lifecycle
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts, LaneMode
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases import advance_job
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from tests.simulation.mutant import Mutants

IDLE = Mutants()
_original = job_lifecycle.idle_step


@IDLE.named("an idle job is canceled without a warning")
def canceled_without_warning() -> Iterator[None]:
    def idle_step(job: Job, counts: Counts, last: int, now: int, limit_ms: int) -> Step:
        return _original(replace(job, idle_at=last + limit_ms), counts, last, now, limit_ms)

    with patch.object(advance_job, "idle_step", idle_step):
        yield


@IDLE.named("a warning from before the latest commit is enough to cancel an idle job")
def old_warning_is_enough() -> Iterator[None]:
    def idle_step(job: Job, counts: Counts, last: int, now: int, limit_ms: int) -> Step:
        warned = job if job.idle_at is None else replace(job, idle_at=last + limit_ms)
        return _original(warned, counts, last, now, limit_ms)

    with patch.object(advance_job, "idle_step", idle_step):
        yield


@IDLE.named("the time of an idle job counts from its creation")
def idle_since_creation() -> Iterator[None]:
    def idle_step(job: Job, counts: Counts, last: int, now: int, limit_ms: int) -> Step:
        return _original(job, counts, min(last, job.spec.created_at), now, limit_ms)

    with patch.object(advance_job, "idle_step", idle_step):
        yield


@IDLE.named("a sealed job with unfinished items is canceled for idleness")
def sealed_job_is_idle() -> Iterator[None]:
    def idle_step(job: Job, counts: Counts, last: int, now: int, limit_ms: int) -> Step:
        opened = job if job.finished else replace(job, mode=LaneMode.OPEN)
        step = _original(opened, counts, last, now, limit_ms)
        return step if step.facts else Step(job=job)

    with patch.object(advance_job, "idle_step", idle_step):
        yield


@IDLE.named("a job that gets a commit without new counts at that moment is idle")
def uncounted_commit() -> Iterator[None]:
    def idle_step(job: Job, counts: Counts, last: int, now: int, limit_ms: int) -> Step:
        return replace(_original(job, counts, last, now, limit_ms), checks_offsets=False)

    with patch.object(advance_job, "idle_step", idle_step):
        yield


@IDLE.named("an idle job is never canceled")
def never_canceled() -> Iterator[None]:
    with patch.object(JobAdvancer, "_idle_step", lambda _, view: Step(job=view.job)):
        yield


@IDLE.named("a commit that no roll-up has seen does not count")
def unseen_commit() -> Iterator[None]:
    original = JobAdvancer._idle_step

    def idle_step(self: JobAdvancer, view: JobView) -> Step:
        offsets = sum(head.offset for head in view.heads)
        return original(self, replace(view, progress=replace(view.progress, offsets=offsets)))

    with patch.object(JobAdvancer, "_idle_step", idle_step):
        yield
