"""What people ask of a job as a whole: seal, cancel, reopen. Each is safe to repeat."""

from collections.abc import Callable
from dataclasses import dataclass

from forgeledger.errors import JobNotFound, OutOfTime, StorageBusy
from forgeledger.jobs.model.job_lifecycle import Step, cancel, reopen, seal, total
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.outcomes import Reason, Verdict
from forgeledger.jobs.ports import JobChange, JobView, LedgerStore
from forgeledger.jobs.usecases.advance_job import Advancer
from forgeledger.runtime import HasTime, Surroundings, unhurried

_TRIES = 10

# The step that a job takes, or the reason why it may not.
_Ask = Callable[[Job, Counts, int], Step | Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The answer, and the job as it stands afterwards."""

    verdict: Verdict
    view: JobView
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class LifeCycle:
    store: LedgerStore
    advancer: Advancer
    around: Surroundings

    def seal(self, job_id: str, has_time: HasTime = unhurried) -> Asked:
        return self._ask(job_id, seal, has_time)

    def cancel(self, job_id: str, has_time: HasTime = unhurried) -> Asked:
        return self._ask(job_id, _cancel, has_time)

    def reopen(self, job_id: str, has_time: HasTime = unhurried) -> Asked:
        # A job that is just ending ends first, so that it can be reopened.
        self.advancer.advance(job_id, has_time)
        return self._ask(job_id, _reopen, has_time)

    def _ask(self, job_id: str, ask: _Ask, has_time: HasTime) -> Asked:
        """Change the header, then take the job as far as that leads."""
        verdict, reason = self._change(job_id, ask, has_time)
        view = self.advancer.advance(job_id, has_time)
        if view is None:
            raise JobNotFound(job_id)
        return Asked(verdict=verdict, reason=reason, view=view)

    def _change(self, job_id: str, ask: _Ask, has_time: HasTime) -> tuple[Verdict, Reason | None]:
        for tries in range(_TRIES):
            if not has_time():
                raise OutOfTime(f"job {job_id}")
            view = self.store.load_job(job_id)
            if view is None:
                raise JobNotFound(job_id)
            step = ask(view.job, total(view.heads), self.around.clock())
            if isinstance(step, Reason):
                return Verdict.REJECTED, step
            if not step.facts:
                return Verdict.DUPLICATE, None
            change = JobChange(before=view.job, job=step.job, facts=step.facts)
            if self.store.commit_job(change):
                return Verdict.APPLIED, None
            self.around.pause(tries)
        raise StorageBusy(f"job {job_id}", _TRIES)


def _cancel(job: Job, counts: Counts, now: int) -> Step | Reason:
    if JobStatus.CANCELED in (job.status, job.ending):
        return Step(job=job)
    if job.finished or job.ending is not None:
        return Reason.JOB_FINISHED
    return cancel(job, counts, now)


def _reopen(job: Job, counts: Counts, now: int) -> Step | Reason:
    del counts  # A job is reopened with the counts of its verdict.
    if job.finished and job.retention_over(now):
        return Reason.RETENTION_OVER
    return reopen(job, now)
