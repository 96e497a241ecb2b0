"""Merge several logs by time, reading each no further than needed."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from forgeledger.journal.model.log_row import LogRow

# How many rows of a log are read at once at most. A row holds one entry or thousands, a few bytes
# or all that fit, which is not known before the first one was read.
_MOST_ROWS = 200
# How many logs are read at once.
_MOST_LOGS = 8

Entry = TypeVar("Entry")


@dataclass(slots=True)
class LogSource(Generic[Entry]):
    """One log from `at` to `end`; a part of it is read ahead."""

    # Orders entries of the same time.
    number: int
    at: int
    end: int
    read_rows: Callable[[int, int], Sequence[LogRow[Entry]]]
    # About how many bytes an entry has.
    size_of: Callable[[Entry], int]
    # The next entry is not earlier, as far as is known without reading it.
    not_before: int = 0
    ahead: deque[tuple[int, Entry]] = field(default_factory=deque)
    # By these it is foreseen what a row holds.
    rows_read: int = 0
    entries_read: int = 0
    bytes_read: int = 0

    @property
    def is_read(self) -> bool:
        return self.at >= self.end

    def read(self, wanted: int, most_bytes: int) -> None:
        """Read on; where retention has removed the rest, the log is at its end.

        Entries from `end` on are left out, so that a page always ends.
        """
        rows = self.read_rows(self.at, self._rows_with(wanted, most_bytes))
        self.rows_read += len(rows)
        self.entries_read += sum(len(row.entries) for row in rows)
        self.bytes_read += sum(self.size_of(entry) for row in rows for entry in row.entries)
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

    def _rows_with(self, entries: int, most_bytes: int) -> int:
        """How many rows hold so much, going by those that were read; at first it is one."""
        if not self.entries_read:
            return 1
        rows = entries * self.rows_read // self.entries_read
        if self.bytes_read:
            rows = min(rows, most_bytes * self.rows_read // self.bytes_read)
        return max(1, min(_MOST_ROWS, rows))


Reading = Callable[[LogSource[Entry]], None]


def merge(
    sources: Sequence[LogSource[Entry]],
    limit: int,
    most_bytes: int,
    time_of: Callable[[Entry], int],
    read_all: Callable[[Reading[Entry], Sequence[LogSource[Entry]]], object],
) -> Iterator[tuple[int, int, Entry]]:
    """Up to `limit` entries, each with its source's number and its offset.

    The earliest goes first; each log's own order is kept even where clocks disagree. The entry
    that exceeds `most_bytes` is the last.
    """

    def earliest(source: LogSource[Entry]) -> tuple[int, int]:
        ahead = source.ahead
        return time_of(ahead[0][1]) if ahead else source.not_before, source.number

    while limit > 0 and most_bytes > 0:
        unread = [source for source in sources if not source.is_read]
        if not unread:
            return
        first = min(unread, key=earliest)
        if not first.ahead:
            # Each log may be the one that all the entries come from, but no more logs than entries.
            candidates = sorted(unread, key=earliest)[: min(limit, _MOST_LOGS)]
            read = partial(
                LogSource[Entry].read, wanted=max(1, limit // len(unread)), most_bytes=most_bytes
            )
            read_all(read, [source for source in candidates if not source.ahead])
            continue
        offset, entry = first.take()
        first.not_before = time_of(entry)
        yield first.number, offset, entry
        limit -= 1
        most_bytes -= first.size_of(entry)
