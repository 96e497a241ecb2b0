"""A job of the ledger's storage in memory: its header, lanes, facts and progress."""

from dataclasses import dataclass, field, replace

from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.ports import JobChange, JobView
from tests.support.memory_lane import MemoryLane


@dataclass(slots=True)
class MemoryRecord:
    job: Job
    lanes: tuple[MemoryLane, ...]
    facts: list[Fact]
    progress: Progress = field(default_factory=Progress)
    published: int = 0
    # How many facts were known to who moved the time to look at it.
    facts_known: int = 0
    # Whether it runs or has unpublished facts.
    open: bool = True

    def view(self, *heads: Head) -> JobView:
        progress, published = self.progress, self.published
        return JobView(job=self.job, heads=heads, progress=progress, published=published)

    def allows(self, change: JobChange) -> bool:
        return self.job.facts == change.before.facts and all(
            self.lanes[seen.lane].head.gate == seen.gate
            and self.lanes[seen.lane].head.counts == seen.counts
            and (not change.checks_offsets or self.lanes[seen.lane].head.offset == seen.offset)
            for seen in change.heads
        )

    def apply(self, change: JobChange) -> None:
        renewed_since, rows_lost = self.job.renewed_since, self.job.rows_lost
        self.job = replace(change.job, renewed_since=renewed_since, rows_lost=rows_lost)
        self.open = True
        self.facts.extend(change.facts)


def new_progress(job: Job, look_at: int | None) -> Progress:
    return Progress() if look_at is None else Progress(at=job.spec.created_at, wake_at=look_at)
