"""Plan when a job is looked at next, though nothing may happen to it before."""

from forgeledger.clock.model.due import Due
from forgeledger.clock.model.next_look import needs_wake, next_look
from forgeledger.clock.ports import WakeSender
from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.job_hold import job_wake_at
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.wakes import wake_name
from forgeledger.jobs.ports import JobView


@fast_frozen
class LookPlanner:
    wakes: WakeSender

    def first(self, job: Job) -> int | None:
        """For a new job."""
        return job_wake_at(job)

    def next(self, view: JobView, now: int, further: int | None = None) -> int | None:
        """Never later than what is stored and still to come; `further` is not in the header."""
        return next_look((job_wake_at(view.job), further), view.progress.wake_at, now)

    def wake(self, job_id: str, at: int | None, stored: int | None, now: int) -> None:
        """Send a wake for this time if the tick would be too late."""
        if at is not None and needs_wake(at, stored, now):
            self.wakes.send([Due(pk=wake_name(job_id), at=at)])
