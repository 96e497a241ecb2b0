"""How far jobs are handed out, in memory."""

from threading import Lock

from forgeledger.execution.model.work import LaneWork, Work
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.jobs import Job


class MemoryWorks:
    def __init__(self) -> None:
        self._works_lock = Lock()
        self._works: dict[str, Work] = {}

    def load_work(self, job_id: str) -> Work:
        lanes = (LaneWork(),) * (lanes_of(job_id) or 0)
        return self._works.get(job_id) or Work(job_id=job_id, lanes=lanes)

    def save_work(self, job: Job, work: Work) -> bool:
        with self._works_lock:
            stored = self._works.get(job.job_id)
            if (0 if stored is None else stored.version) != work.version - 1:
                return False
            self._works[job.job_id] = work
            return True
