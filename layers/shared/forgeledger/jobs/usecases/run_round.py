"""A round: the look at all open jobs that the schedule asks for, and that goes on where it was."""

from dataclasses import dataclass

from forgeledger.jobs.model.reconciliation import Reconciled
from forgeledger.jobs.ports import LedgerStore, Place
from forgeledger.jobs.usecases.extend_retention import Keeper
from forgeledger.jobs.usecases.reconcile_jobs import Reconciler
from forgeledger.runtime import HasTime

# Where the latest round was cut short, each in a row of its own.
_RECONCILING = "reconciling"
_KEEPING = "keeping"


@dataclass(frozen=True, slots=True)
class Rounds:
    store: LedgerStore
    reconciler: Reconciler
    keeper: Keeper

    def make(self, has_half: HasTime, has_time: HasTime) -> tuple[list[Reconciled], bool]:
        """What was done, and whether all open jobs were looked at; if not, the next round goes on.

        Half of the time is for reconciling: keeping a large job must not cost others theirs.
        """
        start = self.store.load_place(_RECONCILING)
        done, after = self.reconciler.reconcile_open(has_half, start[0] if start else None)
        self._save(_RECONCILING, start, (after,) if after else ())
        start = self.store.load_place(_KEEPING)
        failed, place = self.keeper.keep_open(has_time, start)
        self._save(_KEEPING, start, place or ())
        for job_id, error in failed.items():
            why = f"rows not kept: {type(error).__name__}: {error}"
            done.append(Reconciled(job_id=job_id, status=None, error=why))
        return done, after is None and place is None

    def _save(self, work: str, before: Place, place: Place) -> None:
        # Nearly all rounds are whole, and a ledger at rest is to write nothing.
        if place != before:
            self.store.save_place(work, place)
