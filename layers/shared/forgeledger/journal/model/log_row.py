"""Rows of a log: entries that were appended together."""

from typing import Generic, TypeVar

from forgeledger.errors import StorageError
from forgeledger.fast_dataclass import fast_frozen

Entry_co = TypeVar("Entry_co", covariant=True)


@fast_frozen
class LogRow(Generic[Entry_co]):
    """The first entry's offset names the row; the others follow without a gap."""

    offset: int
    entries: tuple[Entry_co, ...]

    @property
    def end(self) -> int:
        """The offset after the last entry."""
        return self.offset + len(self.entries)


@fast_frozen
class Renewed:
    """Some rows that got a later TTL."""

    # The row to continue after; None at the end.
    after: str | None
    # Why some of them did not get it.
    error: StorageError | None = None
