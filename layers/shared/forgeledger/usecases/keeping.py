"""Rows vanish some days after they were written, but never before their job is finished."""

from collections.abc import Callable
from dataclasses import dataclass

from forgeledger.domain.jobs import Job
from forgeledger.ports import LedgerStore
from forgeledger.usecases.surroundings import Surroundings

_ROWS_A_PAGE = 100
_DAY_MS = 24 * 3_600 * 1_000


@dataclass(frozen=True, slots=True)
class Keeper:
    store: LedgerStore
    around: Surroundings

    def keep(self, job: Job, has_time: Callable[[], bool]) -> bool:
        """Give the rows of a job that runs for long a later time; whether all of them have it.

        The time follows from the last renewal and not from the clock, so that a run which was cut
        short is gone on with and not begun anew.
        """
        days = job.spec.rules.ttl_days
        due = job.kept_since + days * _DAY_MS // 2
        if job.finished or days == 0 or self.around.clock() < due:
            return True
        ttl_seconds = (due + days * _DAY_MS) // 1_000
        for lane in range(job.spec.lanes):
            after: str | None = None
            more = True
            while more:
                if not has_time():
                    return False
                after = self.store.renew(job.job_id, lane, after, _ROWS_A_PAGE, ttl_seconds)
                more = after is not None
        self.store.mark_renewed(job.job_id, due)
        return True
