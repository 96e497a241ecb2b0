"""How much of a job's items one request may read: so many rows and so many bytes."""

from collections.abc import Iterable
from dataclasses import dataclass

from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.limits import LARGEST_ITEM_BYTES
from forgeledger.jobs.model.sizes import item_bytes


@dataclass(slots=True)
class ScanBudget:
    """The item that exceeds the bytes is the last; at least one is read."""

    rows_left: int
    bytes_left: int
    rows_read: int = 0
    bytes_read: int = 0

    @property
    def used_up(self) -> bool:
        return self.rows_left <= 0 or self.bytes_left <= 0

    def rows(self) -> int:
        """How many rows to read next, going by the size of those that were read."""
        size = self.bytes_read // self.rows_read if self.rows_read else LARGEST_ITEM_BYTES
        return max(1, min(self.rows_left, self.bytes_left // max(1, size)))

    def spend(self, items: Iterable[Item]) -> None:
        sizes = [item_bytes(item) for item in items]
        self.rows_read += len(sizes)
        self.bytes_read += sum(sizes)
        # A read without items is one as well, so that a scan always ends.
        self.rows_left -= max(1, len(sizes))
        self.bytes_left -= sum(sizes)
