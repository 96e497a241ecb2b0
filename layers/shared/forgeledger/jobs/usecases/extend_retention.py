"""Extend the TTL of rows whose job is still running."""

from collections.abc import Container
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from forgeledger.errors import RetentionNotExtended, StorageError
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.retention import RetentionCheckpoint
from forgeledger.jobs.ports import Checkpoint, JobLists, JobStore, Retention
from forgeledger.jobs.usecases.list_open_jobs import open_job_ids
from forgeledger.journal.model.log_row import Renewed
from forgeledger.runtime import HasTime, Runtime

_ROWS_A_PAGE: Final = 100
_SECONDS_A_DAY: Final = 24 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPass:
    """How a pass over the open jobs ended; an incomplete one resumes at its checkpoint."""

    failed: tuple[tuple[str, Exception], ...]
    complete: bool
    checkpoint: Checkpoint = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionExtender:
    jobs: JobStore
    lists: JobLists
    retention: Retention
    runtime: Runtime

    def extend_all(
        self,
        has_time: HasTime,
        start: Checkpoint | None = None,
        not_due: Container[str] = frozenset(),
    ) -> RetentionPass:
        """Extend the rows of all open jobs, from the checkpoint on; load none that is not due."""
        failed: list[tuple[str, Exception]] = []
        reached = resumed = RetentionCheckpoint.from_row(start or {})
        job_ids = open_job_ids(self.lists, None if resumed is None else resumed.job_id)
        if resumed is not None and resumed.is_within_job:
            job_ids = chain((resumed.job_id,), job_ids)
        for job_id in job_ids:
            if not has_time():
                break
            within = resumed if resumed is not None and resumed.job_id == job_id else None
            try:
                view = None if job_id in not_due else self.jobs.load_job(job_id)
                stopped = None if view is None else self.extend(view.job, has_time, within)
            except Exception as error:  # noqa: BLE001 - the next job must have its turn.
                failed.append((job_id, error))
                stopped = None
            reached = stopped or RetentionCheckpoint(job_id=job_id)
            if stopped is not None:
                break
        else:
            return RetentionPass(failed=tuple(failed), complete=True)
        checkpoint = {} if reached is None else reached.to_row()
        return RetentionPass(failed=tuple(failed), complete=False, checkpoint=checkpoint)

    def extend(
        self, job: Job, has_time: HasTime, start: RetentionCheckpoint | None = None
    ) -> RetentionCheckpoint | None:
        """Extend the rows of a long-running job when that is due; where time ran out, if it did.

        The new TTL follows from the last extension and not from the clock, so that a pass that
        was interrupted resumes instead of starting again.
        """
        due = job.retention_due
        if due is None or not job.needs_extension(self.runtime.clock()):
            return None
        ttl_seconds = due // 1_000 + job.spec.rules.ttl_days * _SECONDS_A_DAY
        progress = RetentionCheckpoint(job_id=job.job_id, due=due, lanes=("",) * job.spec.lanes)
        if start is not None and start.due == due:
            progress = start
        error: StorageError | None = None
        while progress.unfinished_lanes:
            # A page of each lane in turn: a lane is a partition that its workers need as well.
            for lane, after in progress.unfinished_lanes:
                if not has_time():
                    return progress
                renewed = self._renew_page(job.job_id, lane, after, ttl_seconds)
                progress = progress.moved(lane, renewed.after, failed=renewed.error is not None)
                error = renewed.error or error
        if progress.failed:
            raise RetentionNotExtended(job.job_id) from error
        # Checked last: the pass itself may have taken too long.
        lost = job.rows_may_be_gone(self.runtime.clock())
        self.retention.mark_renewed(job.job_id, due, lost=lost)
        return None

    def _renew_page(self, job_id: str, lane: int, after: str | None, ttl_seconds: int) -> Renewed:
        """A page that fails must not stop later pages or other lanes."""
        try:
            return self.retention.renew(job_id, lane, after, _ROWS_A_PAGE, ttl_seconds)
        except StorageError as error:
            return Renewed(after=None, error=error)
