"""Merge several logs by time, reading each no further than needed."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from forgeledger.journal.model.log_row import LogRow

# How many rows of a log are read at first, and at once at most. A row holds one entry or
# hundreds, which is not known before.
_FIRST_ROWS = 10
_MOST_ROWS = 200

Entry = TypeVar("Entry")


@dataclass(slots=True)
class LogSource(Generic[Entry]):
    """One log from `at` to `end`; a part of it is read ahead."""

    # Orders entries of the same time.
    number: int
    at: int
    end: int
    read_rows: Callable[[int, int], Sequence[LogRow[Entry]]]
    ahead: deque[tuple[int, Entry]] = field(default_factory=deque)
    # By these it is foreseen how many entries a row holds.
    rows_read: int = 0
    entries_read: int = 0

    @property
    def is_read(self) -> bool:
        return self.at >= self.end

    def read(self, wanted: int) -> None:
        """Read on; where retention has removed the rest, the log is at its end.

        Entries from `end` on are left out, so that a page always ends.
        """
        rows = self.read_rows(self.at, self._rows_with(wanted))
        self.rows_read += len(rows)
        self.entries_read += sum(len(row.entries) for row in rows)
        self.ahead.extend(
            (offset, entry)
            for row in rows
            for offset, entry in enumerate(row.entries, row.offset)
            if self.at <= offset < self.end
        )
        if not self.ahead:
            self.at = self.end

    def take(self) -> tuple[int, Entry]:
        offset, entry = self.ahead.popleft()
        self.at = offset + 1
        return offset, entry

    def _rows_with(self, entries: int) -> int:
        """How many rows hold so many entries, going by those that were read."""
        if not self.entries_read:
            return min(_FIRST_ROWS, entries)
        return max(1, min(_MOST_ROWS, entries * self.rows_read // self.entries_read))


def merge(
    sources: Sequence[LogSource[Entry]], limit: int, time_of: Callable[[Entry], int]
) -> Iterator[tuple[int, int, Entry]]:
    """Up to `limit` entries, each with its source's number and its offset.

    The earliest goes first; each log's own order is kept even where clocks disagree.
    """
    for taken in range(limit):
        for source in sources:
            if not source.is_read and not source.ahead:
                source.read(max(1, (limit - taken) // len(sources)))
        ready = [source for source in sources if source.ahead]
        if not ready:
            return
        source = min(ready, key=lambda source: (time_of(source.ahead[0][1]), source.number))
        yield source.number, *source.take()
