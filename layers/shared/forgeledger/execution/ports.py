"""What dispatching needs from outside: its row, due rows, the work queue, wakes."""

from collections.abc import Sequence
from typing import Protocol

from forgeledger.execution.model.flight import Handout
from forgeledger.execution.model.work import Work
from forgeledger.jobs.model.jobs import Job
from forgeledger.runtime import HasTime


class WorkStore(Protocol):
    def load_work(self, job_id: str) -> Work:
        """How far the job is handed out; strongly consistent."""

    def save_work(self, job: Job, work: Work) -> bool:
        """Write it if its version is still the one before; False: another was first."""


class WorkQueue(Protocol):
    def send(self, job: Job, handouts: Sequence[Handout], has_time: HasTime) -> None:
        """Send the work messages of these items, all of them or raise; at least once."""


class Wakes(Protocol):
    def wake(self, job_id: str, seconds: int) -> None:
        """Have the job looked at again after so many seconds, best effort."""
