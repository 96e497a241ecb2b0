"""Read the status of jobs: one read, whatever the number of items."""

import math
from dataclasses import dataclass

from forgeledger.jobs.model.job_lifecycle import total
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.ports import JobLists, JobStore, JobView
from forgeledger.jobs.usecases.load_job import require_job
from forgeledger.runtime import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatusView:
    """A job and its progress, by the counts of its lanes or by those last rolled up."""

    job: Job
    counts: Counts
    # Finished items as a share of those known or expected, 0 to 1.
    progress: float
    items_per_second: float | None
    eta_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReader:
    jobs: JobStore
    lists: JobLists
    clock: Clock

    def status(self, job_id: str) -> JobStatusView:
        return status_view(require_job(self.jobs, job_id), self.clock())

    def page(
        self, status: JobStatus | None, tag: str | None, before: str | None, limit: int
    ) -> tuple[tuple[JobStatusView, ...], str | None]:
        """Newest first, with the counts as last rolled up."""
        views, after = self.lists.list_jobs(status, tag, before, limit)
        now = self.clock()
        return tuple(status_view(view, now) for view in views), after


def status_view(view: JobView, now: int) -> JobStatusView:
    job = view.job
    counts = _counts(view)
    known = max(counts.total, job.spec.expected_items or 0)
    rate = _items_per_second(view, counts, now)
    return JobStatusView(
        job=job,
        counts=counts,
        progress=counts.finished / known if known else float(job.finished),
        items_per_second=rate,
        eta_seconds=_eta_seconds(job, known - counts.finished, rate),
    )


def _counts(view: JobView) -> Counts:
    if view.heads:
        return total(view.heads)
    # Never rolled up, or its progress expired before its header did.
    unknown = view.progress.offsets == 0
    return view.job.counts_at_verdict if unknown and view.job.finished else view.progress.counts


def _items_per_second(view: JobView, counts: Counts, now: int) -> float | None:
    """Measured since the last sample, or since the epoch began."""
    job, progress = view.job, view.progress
    since, before = job.opened_at, 0 if job.epoch == 1 else job.counts_at_verdict.finished
    if job.finished:
        if job.epoch > 1 or job.finished_at is None:
            return None
        now, before = job.finished_at, 0
    elif progress.sample_at >= job.opened_at:
        since, before = progress.sample_at, progress.sample_finished
    if now <= since:
        return None
    return max(0, counts.finished - before) * 1000 / (now - since)


def _eta_seconds(job: Job, remaining: int, rate: float | None) -> int | None:
    if job.finished:
        return 0
    known = job.sealed or job.spec.expected_items is not None
    return math.ceil(remaining / rate) if known and rate else None
