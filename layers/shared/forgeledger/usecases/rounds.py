"""A round: the look at all open jobs that the schedule asks for, and that goes on where it was."""

from collections.abc import Callable
from dataclasses import dataclass

from forgeledger.ports import LedgerStore
from forgeledger.usecases.keeping import Keeper
from forgeledger.usecases.reconciling import Reconciled, Reconciler

# Where the latest round was cut short, each in a row of its own.
_RECONCILING = "reconciling"
_KEEPING = "keeping"


@dataclass(frozen=True, slots=True)
class Rounds:
    store: LedgerStore
    reconciler: Reconciler
    keeper: Keeper

    def make(
        self, has_half: Callable[[], bool], has_time: Callable[[], bool]
    ) -> tuple[list[Reconciled], bool]:
        """What was done, and whether all open jobs were looked at; if not, the next round goes on.

        Half of the time is for reconciling: keeping a large job must not cost others theirs.
        """
        (start,) = self.store.load_place(_RECONCILING) or (None,)
        done, after = self.reconciler.reconcile_open(has_half, start)
        self.store.save_place(_RECONCILING, () if after is None else (after,))
        failed, place = self.keeper.keep_open(has_time, self.store.load_place(_KEEPING))
        self.store.save_place(_KEEPING, place or ())
        for job_id, error in failed.items():
            why = f"rows not kept: {type(error).__name__}: {error}"
            done.append(Reconciled(job_id=job_id, status=None, error=why))
        return done, after is None and place is None
