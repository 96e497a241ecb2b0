"""Read the status of jobs: one read, whatever the number of items."""

from dataclasses import dataclass

from forgeledger.jobs.model.job_lifecycle import total, total_retrying
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.progress import Pace, pace
from forgeledger.jobs.ports import JobLists, JobStore, JobView
from forgeledger.jobs.usecases.load_job import require_job
from forgeledger.runtime import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatusView:
    """A job and its progress, by the counts of its lanes or by those last rolled up."""

    job: Job
    counts: Counts
    # Items that failed and are not finished.
    retrying: int
    pace: Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReader:
    jobs: JobStore
    lists: JobLists
    clock: Clock

    def status(self, job_id: str) -> JobStatusView:
        return status_view(require_job(self.jobs, job_id), self.clock())

    def page(
        self,
        status: JobStatus | None,
        tag: str | None,
        before: str | None,
        limit: int,
        *,
        name: str | None = None,
    ) -> tuple[tuple[JobStatusView, ...], str | None]:
        """Newest first, with the counts as last rolled up."""
        views, after = self.lists.list_jobs(status, tag, before, limit, name=name)
        now = self.clock()
        return tuple(status_view(view, now) for view in views), after


def status_view(view: JobView, now: int) -> JobStatusView:
    counts, retrying = _numbers(view)
    return JobStatusView(
        job=view.job,
        counts=counts,
        retrying=retrying,
        pace=pace(view.job, counts, view.progress, now),
    )


def _numbers(view: JobView) -> tuple[Counts, int]:
    """The counts, and how many items are retrying."""
    if view.heads:
        return total(view.heads), total_retrying(view.heads)
    # Never rolled up, or its progress expired before its header did.
    if view.job.finished and view.progress.offsets == 0:
        return view.job.counts_at_verdict, 0
    return view.progress.counts, view.progress.retrying
