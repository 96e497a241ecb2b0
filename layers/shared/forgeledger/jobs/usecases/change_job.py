"""Seal, start, pause, resume, cancel or reopen a job; each is safe to repeat."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from forgeledger.errors import JobNotFound, OutOfTime, StorageBusy
from forgeledger.jobs.model.job_hold import end_pause, pause, start
from forgeledger.jobs.model.job_lifecycle import cancel, reopen, seal, total
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.outcomes import OutcomeKind, Reason
from forgeledger.jobs.ports import JobChange, JobStore, JobView
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.load_job import require_job
from forgeledger.runtime import HasTime, Runtime, no_deadline

_TRIES = 10

# The step that a job takes, or the reason why it must not.
_Transition = Callable[[Job, Counts, int], Step | Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """The outcome, and the job afterwards."""

    outcome: OutcomeKind
    view: JobView
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class JobLifecycle:
    jobs: JobStore
    advancer: JobAdvancer
    runtime: Runtime

    def seal(
        self, job_id: str, has_time: HasTime = no_deadline, client_id: str | None = None
    ) -> ChangeResult:
        return self._apply(job_id, partial(seal, client_id=client_id), has_time)

    def cancel(
        self, job_id: str, has_time: HasTime = no_deadline, client_id: str | None = None
    ) -> ChangeResult:
        return self._apply(job_id, partial(_cancel, client_id=client_id), has_time)

    def start(
        self, job_id: str, has_time: HasTime = no_deadline, client_id: str | None = None
    ) -> ChangeResult:
        """Run a scheduled job before its time."""
        return self._apply(job_id, partial(_start, client_id=client_id), has_time)

    def pause(
        self,
        job_id: str,
        has_time: HasTime = no_deadline,
        client_id: str | None = None,
        *,
        until: int | None = None,
    ) -> ChangeResult:
        """Grant no claims until the job is resumed, or until this time."""
        return self._apply(job_id, partial(_pause, until=until, client_id=client_id), has_time)

    def resume(
        self, job_id: str, has_time: HasTime = no_deadline, client_id: str | None = None
    ) -> ChangeResult:
        """End a pause; it has nothing to do with items that were canceled with the job."""
        return self._apply(job_id, partial(_resume, client_id=client_id), has_time)

    def reopen(
        self,
        job_id: str,
        has_time: HasTime = no_deadline,
        client_id: str | None = None,
        *,
        resume: bool = False,
    ) -> ChangeResult:
        """With `resume`, what the closing canceled runs again; it may go on after the answer."""
        # A job that is just ending has to end before it can be reopened.
        self.advancer.advance(job_id, has_time)
        return self._apply(job_id, partial(_reopen, client_id=client_id, resume=resume), has_time)

    def _apply(self, job_id: str, transition: _Transition, has_time: HasTime) -> ChangeResult:
        """Change the header, then advance the job as far as possible."""
        outcome, reason = self._change(job_id, transition, has_time)
        advanced = self.advancer.advance(job_id, has_time)
        if advanced is None:
            raise JobNotFound(job_id)
        return ChangeResult(outcome=outcome, reason=reason, view=advanced.view)

    def _change(
        self, job_id: str, transition: _Transition, has_time: HasTime
    ) -> tuple[OutcomeKind, Reason | None]:
        for tries in range(_TRIES):
            if not has_time():
                raise OutOfTime(f"job {job_id}")
            view = require_job(self.jobs, job_id)
            step = transition(view.job, total(view.heads), self.runtime.clock())
            if isinstance(step, Reason):
                return OutcomeKind.REJECTED, step
            if not step.facts:
                return OutcomeKind.DUPLICATE, None
            change = JobChange(before=view.job, job=step.job, facts=step.facts)
            if self.jobs.commit_job(change):
                return OutcomeKind.APPLIED, None
            self.runtime.pause(tries)
        raise StorageBusy(f"job {job_id}", _TRIES)


def _cancel(job: Job, counts: Counts, now: int, client_id: str | None) -> Step | Reason:
    if JobStatus.CANCELED in (job.status, job.ending):
        return Step(job=job)
    if job.finished or job.ending is not None:
        return Reason.JOB_FINISHED
    return cancel(job, counts, now, client_id)


def _start(job: Job, counts: Counts, now: int, client_id: str | None) -> Step | Reason:
    canceled_before = job.spec.execute_at is not None and job.started_at is None
    if canceled_before and (job.finished or job.ending is not None):
        return Reason.JOB_FINISHED
    return start(job, counts, now, client_id)


def _pause(
    job: Job, counts: Counts, now: int, until: int | None, client_id: str | None
) -> Step | Reason:
    if job.finished or job.ending is not None:
        return Reason.JOB_FINISHED
    if job.scheduled:
        return Reason.JOB_SCHEDULED
    return pause(job, counts, now, until, client_id)


def _resume(job: Job, counts: Counts, now: int, client_id: str | None) -> Step | Reason:
    if job.scheduled and job.ending is None:
        return Reason.JOB_SCHEDULED
    return end_pause(job, counts, now, client_id)


def _reopen(
    job: Job, counts: Counts, now: int, client_id: str | None, *, resume: bool = False
) -> Step | Reason:
    del counts  # A job is reopened with the counts of its verdict.
    if resume and not job.finished and job.resumed_epoch < job.epoch:
        return Reason.JOB_RUNNING
    if job.key_moved is not None:
        return Reason.JOB_KEY_REUSED
    if job.finished and job.retention_over(now):
        return Reason.RETENTION_OVER
    return reopen(job, now, client_id=client_id, resume=resume)
