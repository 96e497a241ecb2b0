"""Run what a schedule or an operator asks the relay for, within the invocation's time."""

from collections.abc import Callable
from dataclasses import dataclass

from forgeledger.jobs.model.reconciliation import (
    MaintenanceReport,
    MaintenanceRequest,
    ReconcileJob,
    ReconcileOpenJobs,
    RunRound,
)
from forgeledger.jobs.usecases.reconcile_jobs import Reconciler
from forgeledger.jobs.usecases.run_round import ScheduledRound
from forgeledger.runtime import before_deadline


@dataclass(frozen=True, slots=True)
class Maintenance:
    reconciler: Reconciler
    scheduled_round: ScheduledRound

    def run(self, request: MaintenanceRequest, left_ms: Callable[[], int]) -> MaintenanceReport:
        has_time = before_deadline(left_ms)
        match request:
            case ReconcileJob(job_id=job_id, recount=True, from_lane=from_lane):
                job = self.reconciler.recount(job_id, has_time, from_lane)
                return MaintenanceReport(jobs=(job,))
            case ReconcileJob(job_id=job_id):
                return MaintenanceReport(jobs=(self.reconciler.reconcile(job_id, has_time),))
            case ReconcileOpenJobs(recount=recount, after=after):
                jobs, after = self.reconciler.reconcile_open(has_time, after, recount=recount)
                return MaintenanceReport(jobs=tuple(jobs), after=after)
            case RunRound():
                half_ms = left_ms() // 2
                jobs, complete = self.scheduled_round.run(lambda: left_ms() > half_ms, has_time)
                return MaintenanceReport(jobs=tuple(jobs), round_complete=complete)
