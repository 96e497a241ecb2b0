"""Read the journal of a job: the events of its lanes and its facts, merged by time."""

from dataclasses import dataclass
from functools import partial

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.limits import PAGE_BYTES
from forgeledger.jobs.model.sizes import event_bytes
from forgeledger.jobs.ports import FactStore, JobStore, LaneStore
from forgeledger.jobs.usecases.load_job import require_job
from forgeledger.journal.model.log_row import LogRow
from forgeledger.journal.model.merge import LogSource, merge
from forgeledger.runtime import Runtime

# The number of the source of facts; a lane's is its own.
_FACTS = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPosition:
    """What was read already: so many facts, and each lane's events below its offset."""

    facts: int = 0
    offsets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One event of a lane, by its offset, or one fact of the job, by its number."""

    lane: int | None
    offset: int
    happened: Event | Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    entries: tuple[JournalEntry, ...]
    following: JournalPosition
    # Whether there was more to read when the page was made.
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReader:
    jobs: JobStore
    lanes: LaneStore
    facts: FactStore
    runtime: Runtime

    def page(self, job_id: str, position: JournalPosition, limit: int) -> JournalPage:
        """The next entries by time; each lane's own order is kept even where clocks disagree."""
        view = require_job(self.jobs, job_id)
        offsets = position.offsets or (0,) * len(view.heads)
        read = partial(self._read_facts, job_id)
        sources: list[LogSource[Event | Fact]] = [
            # A row holds one fact.
            LogSource(
                _FACTS, position.facts, view.job.facts, read, _size, rows_read=1, entries_read=1
            )
        ]
        for head, at in zip(view.heads, offsets, strict=True):
            read_lane = partial(self.lanes.read_journal, job_id, head.lane)
            sources.append(LogSource(head.lane, at, head.offset, read_lane, _size))
        self._read_times(job_id, [source for source in sources[1:] if not source.is_read])
        merged = merge(sources, limit, PAGE_BYTES, lambda entry: entry.at, self.runtime.parallel)
        entries = tuple(
            JournalEntry(lane=None if number == _FACTS else number, offset=offset, happened=entry)
            for number, offset, entry in merged
        )
        facts, *offsets_read = (source.at for source in sources)
        return JournalPage(
            entries=entries,
            following=JournalPosition(facts=facts, offsets=tuple(offsets_read)),
            more=any(not source.is_read for source in sources),
        )

    def _read_times(self, job_id: str, lanes: list[LogSource[Event | Fact]]) -> None:
        """Which lane is next shows in the times of rows; their events may be thousands."""
        times = self.runtime.parallel(
            lambda source: self.lanes.journal_time(job_id, source.number, source.at), lanes
        )
        for source, time in zip(lanes, times, strict=True):
            source.not_before = time

    def _read_facts(self, job_id: str, number: int, limit: int) -> list[LogRow[Event | Fact]]:
        facts = self.facts.read_facts(job_id, number, limit)
        return [LogRow(offset=fact.number, entries=(fact,)) for fact in facts]


def _size(entry: Event | Fact) -> int:
    return event_bytes(entry) if isinstance(entry, Event) else 0
