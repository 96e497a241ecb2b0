"""The journal of a job: the events of its lanes and its own facts, merged by time."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from forgeledger.errors import JobNotFound
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.limits import PAGE_BYTES
from forgeledger.jobs.model.sizes import event_bytes
from forgeledger.jobs.ports import FactStore, JobStore, LaneStore
from forgeledger.runtime import Runtime

# How many journal rows of a lane are read at first, and at once at most. A row holds one event or
# hundreds, which is not known before.
_FIRST_ROWS = 10
_MOST_ROWS = 200
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


@dataclass(slots=True)
class _Source:
    """What is still to come of one lane, or of the facts; a part of it read ahead."""

    lane: int
    at: int
    end: int
    ahead: deque[JournalEntry] = field(default_factory=deque)
    rows: int = 0
    events: int = 0

    @property
    def left(self) -> bool:
        return self.at < self.end

    def rows_with(self, events: int) -> int:
        """How many rows hold so many events, going by those that were read."""
        if not self.events:
            return _FIRST_ROWS
        return max(1, min(_MOST_ROWS, events * self.rows // self.events))


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReader:
    jobs: JobStore
    lanes: LaneStore
    facts: FactStore
    runtime: Runtime

    def page(self, job_id: str, position: JournalPosition, limit: int) -> JournalPage:
        """The next entries by time; each lane's own order is kept even where clocks disagree."""
        view = self.jobs.load_job(job_id)
        if view is None:
            raise JobNotFound(job_id)
        offsets = position.offsets or (0,) * len(view.heads)
        sources = [_Source(_FACTS, position.facts, view.job.facts)]
        sources += [
            _Source(head.lane, at, head.offset)
            for head, at in zip(view.heads, offsets, strict=True)
        ]
        behind = [source for source in sources if source.left]
        self.runtime.parallel(lambda source: self._read(job_id, source, limit), behind)
        entries = self._merge(job_id, behind, limit)
        return JournalPage(
            entries=tuple(entries),
            following=JournalPosition(
                facts=sources[0].at, offsets=tuple(source.at for source in sources[1:])
            ),
            more=any(source.left for source in sources),
        )

    def _merge(self, job_id: str, behind: list[_Source], limit: int) -> list[JournalEntry]:
        entries: list[JournalEntry] = []
        bytes_left = PAGE_BYTES
        while len(entries) < limit and bytes_left > 0:
            for source in behind:
                if source.left and not source.ahead:
                    self._read(job_id, source, max(1, (limit - len(entries)) // len(behind)))
            ready = [source for source in behind if source.ahead]
            if not ready:
                break
            source = min(ready, key=lambda each: (each.ahead[0].happened.at, each.lane))
            entry = source.ahead.popleft()
            source.at = entry.offset + 1
            entries.append(entry)
            happened = entry.happened
            bytes_left -= event_bytes(happened) if isinstance(happened, Event) else 0
        return entries

    def _read(self, job_id: str, source: _Source, wanted: int) -> None:
        """Read on; where nothing is left because its retention is over, the source is at its end.

        Only what was written when the page began is read, so that a page always ends.
        """
        if source.lane == _FACTS:
            found: Iterable[JournalEntry] = (
                JournalEntry(lane=None, offset=fact.number, happened=fact)
                for fact in self.facts.read_facts(job_id, source.at, wanted)
            )
        else:
            rows = self.lanes.read_journal(job_id, source.lane, source.at, source.rows_with(wanted))
            source.rows += len(rows)
            source.events += sum(len(row.events) for row in rows)
            found = (
                JournalEntry(lane=source.lane, offset=offset, happened=event)
                for row in rows
                for offset, event in enumerate(row.events, row.offset)
            )
        source.ahead.extend(each for each in found if source.at <= each.offset < source.end)
        if not source.ahead:
            source.at = source.end
