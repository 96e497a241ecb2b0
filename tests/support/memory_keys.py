"""Job keys in memory, each with the job that it names."""

from dataclasses import dataclass, field, replace

from forgeledger.jobs.model.job_keys import KeyClaim, KeyHolder
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.ports import JobChange
from tests.support.memory_record import MemoryRecord


@dataclass(slots=True)
class MemoryKeys:
    # By client and key.
    holders: dict[tuple[str, str], KeyHolder] = field(default_factory=dict)

    def claim(self, records: dict[str, MemoryRecord], job: Job, claim: KeyClaim | None) -> bool:
        """Whether the job is new, and gets its key if it has one."""
        if job.job_id in records:
            return False
        if claim is None:
            return True
        holder, former = self.holders.get(_key_of(job)), claim.former
        if (holder and holder.job_id) != (former and former.job_id):
            return False
        if former is not None:
            record = records[former.job_id]
            if record.job.facts != former.facts:
                return False
            record.job = replace(record.job, key_moved=job.job_id)
        holder = KeyHolder(job_id=job.job_id, fingerprint=claim.fingerprint)
        self.holders[_key_of(job)] = holder
        return True

    def apply(self, record: MemoryRecord, change: JobChange) -> bool:
        """A job that ends or runs again must still have its key."""
        before, job = change.before, change.job
        if job.spec.job_key is not None and before.finished is not job.finished:
            holder = self.holders.get(_key_of(job))
            if holder is None or holder.job_id != job.job_id:
                return False
        if not record.allows(change):
            return False
        record.apply(change)
        return True


def _key_of(job: Job) -> tuple[str, str]:
    assert job.spec.job_key is not None
    return job.spec.client_id, job.spec.job_key
