"""Do from the table alone what a lost stream record left undone, with the same event ids."""

from dataclasses import dataclass, replace

from forgeledger.errors import JobNotFound, OutOfTime, RowsExpired
from forgeledger.jobs.model.reconciliation import Reconciled
from forgeledger.jobs.ports import JobLists, JobStore
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.list_open_jobs import open_job_ids
from forgeledger.jobs.usecases.load_job import require_job
from forgeledger.jobs.usecases.recount_lane import Recounter, RecountResult
from forgeledger.runtime import HasTime, Runtime, no_deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    jobs: JobStore
    lists: JobLists
    advancer: JobAdvancer
    recounter: Recounter
    runtime: Runtime

    def reconcile_open(
        self, has_time: HasTime, after: str | None = None, *, recount: bool = False
    ) -> tuple[list[Reconciled], str | None]:
        """Every job that runs or has unpublished facts; and the job to continue after.

        None means the end, "" that there was no time for the first job.
        """
        done: list[Reconciled] = []
        for job_id in open_job_ids(self.lists, after or None):
            try:
                done.append(self._try_reconcile(job_id, has_time, recount=recount))
            except OutOfTime:
                return done, after or ""
            after = job_id
        return done, None

    def recount(self, job_id: str, has_time: HasTime, first_lane: int = 0) -> Reconciled:
        """Correct the heads from the items, lane by lane, then reconcile the job."""
        view = require_job(self.jobs, job_id)
        if view.job.rows_may_be_gone(self.runtime.clock()):
            raise RowsExpired(job_id)
        lanes: dict[RecountResult, list[int]] = {result: [] for result in RecountResult}
        for lane in range(first_lane, view.job.spec.lanes):
            result = self.recounter.recount(job_id, lane, has_time)
            lanes[result].append(lane)
            if result is RecountResult.UNFINISHED:
                break
        # Without a deadline: what was found must be reported, and there is time in reserve.
        return replace(
            self.reconcile(job_id),
            drifted_lanes=tuple(lanes[RecountResult.CORRECTED]),
            busy_lanes=tuple(lanes[RecountResult.WRONG]),
            next_lane=next(iter(lanes[RecountResult.UNFINISHED]), None),
        )

    def _try_reconcile(self, job_id: str, has_time: HasTime, *, recount: bool) -> Reconciled:
        if not has_time():
            raise OutOfTime(f"job {job_id}")
        try:
            return (self.recount if recount else self.reconcile)(job_id, has_time)
        except OutOfTime:
            raise
        except Exception as error:  # noqa: BLE001 - one job's failure must not stop the others.
            return Reconciled(job_id=job_id, status=None, error=f"{type(error).__name__}: {error}")

    def reconcile(self, job_id: str, has_time: HasTime = no_deadline) -> Reconciled:
        """Advance the job as far as its lanes allow, and publish what is unpublished."""
        advanced = self.advancer.advance(job_id, has_time)
        if advanced is None:
            raise JobNotFound(job_id)
        job = advanced.view.job
        return Reconciled(
            job_id=job_id,
            status=job.status,
            events_published=advanced.events_published,
            late_ms=advanced.late_ms,
            retention_due=job.needs_extension(self.runtime.clock()),
            retention_late=job.retention_late(self.runtime.clock()),
        )
