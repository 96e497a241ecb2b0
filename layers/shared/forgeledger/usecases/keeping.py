"""Rows vanish some days after they were written, but never before their job is finished."""

from dataclasses import dataclass

from forgeledger.domain.jobs import Job
from forgeledger.ports import LedgerStore
from forgeledger.usecases.surroundings import Surroundings

_ROWS_A_PAGE = 1_000
_DAY_MS = 24 * 3_600 * 1_000


@dataclass(frozen=True, slots=True)
class Keeper:
    store: LedgerStore
    around: Surroundings

    def keep(self, job: Job) -> bool:
        """Give the rows of a job that runs for long a later time; whether that was due."""
        days = job.spec.rules.ttl_days
        now = self.around.clock()
        if job.finished or days == 0 or now < job.kept_since + days * _DAY_MS // 2:
            return False
        ttl_seconds = (now + days * _DAY_MS) // 1_000
        for lane in range(job.spec.lanes):
            after = self.store.renew(job.job_id, lane, None, _ROWS_A_PAGE, ttl_seconds)
            while after is not None:
                after = self.store.renew(job.job_id, lane, after, _ROWS_A_PAGE, ttl_seconds)
        self.store.mark_renewed(job.job_id, now)
        return True
