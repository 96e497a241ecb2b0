"""The scheduled pass over all open jobs; it resumes where the last one stopped."""

from dataclasses import dataclass

from forgeledger.jobs.model.reconciliation import Reconciled
from forgeledger.jobs.ports import Checkpoint, Checkpoints
from forgeledger.jobs.usecases.extend_retention import RetentionExtender
from forgeledger.jobs.usecases.reconcile_jobs import Reconciler
from forgeledger.runtime import HasTime

# The names of its two checkpoints.
_RECONCILIATION = "reconciliation"
_RETENTION = "retention"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledRound:
    checkpoints: Checkpoints
    reconciler: Reconciler
    retention_extender: RetentionExtender

    def run(self, has_half: HasTime, has_time: HasTime) -> tuple[list[Reconciled], bool]:
        """What was done, and whether the end of the open jobs was reached.

        Half of the time is for reconciling: a large job's retention must not delay other jobs.
        """
        start = self.checkpoints.load_checkpoint(_RECONCILIATION)
        done, after = self.reconciler.reconcile_open(has_half, start.get("after"))
        self._save(_RECONCILIATION, start, {"after": after} if after else {})
        start = self.checkpoints.load_checkpoint(_RETENTION)
        not_due = {job.job_id for job in done if not job.retention_due}
        extended = self.retention_extender.extend_all(has_time, start, not_due)
        self._save(_RETENTION, start, extended.checkpoint)
        for job_id, error in extended.failed:
            text = f"retention not extended: {type(error).__name__}: {error}"
            done.append(Reconciled(job_id=job_id, status=None, error=text))
        return done, after is None and extended.complete

    def _save(self, work: str, before: Checkpoint, checkpoint: Checkpoint) -> None:
        # Nearly every round is complete, and an idle ledger must not write.
        if checkpoint != before:
            self.checkpoints.save_checkpoint(work, checkpoint)
