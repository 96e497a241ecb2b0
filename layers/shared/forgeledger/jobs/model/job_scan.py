"""What a scan of a job's items finds: those that keep it from being done."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from forgeledger.jobs.model.items import ItemState, UnfinishedItem
from forgeledger.jobs.model.lanes import count_failure, counted_type
from forgeledger.jobs.model.sizes import text_bytes

# How many items of each kind are shown.
SHOWN_ITEMS: Final = 10
# What a row takes in an answer of the table, apart from its texts.
_ROW_BYTES: Final = 150
# A time and an item.
_Sighting = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPosition:
    """Where to continue: lanes below `lane` are done, except those in `begun`.

    Those continue after the item that is given with them.
    """

    lane: int = 0
    begun: tuple[tuple[int, str], ...] = ()


BEGINNING: Final = ScanPosition()


@dataclass(slots=True)
class FirstItems:
    """How many items were found, and the first few of them by time."""

    count: int = 0
    first: list[_Sighting] = field(default_factory=list)

    def add(self, found: Sequence[_Sighting]) -> None:
        self.count += len(found)
        self.first = sorted([*self.first, *found])[:SHOWN_ITEMS]


@dataclass(slots=True)
class ScanTally:
    """What was found so far; its size is bounded, however many items there are."""

    items_scanned: int = 0
    bytes_read: int = 0
    read_units: float = 0
    in_progress: FirstItems = field(default_factory=FirstItems)
    expired: FirstItems = field(default_factory=FirstItems)
    due_later: FirstItems = field(default_factory=FirstItems)
    # Items that failed before, by the type of their latest error; rare types together.
    retries: tuple[tuple[str, int], ...] = ()

    def add(self, items: Iterable[UnfinishedItem], now: int) -> None:
        """Count the unfinished items of a page; a new kind of finding is added here."""
        claimed: list[_Sighting] = []
        expired: list[_Sighting] = []
        due_later: list[_Sighting] = []
        retries: Counter[str] = Counter()
        for item in items:
            self.bytes_read += _bytes_of(item)
            if item.error_type is not None:
                retries[counted_type(item.error_type)] += 1
            if item.state is ItemState.IN_PROGRESS:
                claimed.append((item.claimed_at or 0, item.item_id))
                if item.lease_until is not None and item.lease_until <= now:
                    expired.append((item.lease_until, item.item_id))
            elif item.due_at is not None and item.due_at > now:
                due_later.append((item.due_at, item.item_id))
        self.in_progress.add(claimed)
        self.expired.add(expired)
        self.due_later.add(due_later)
        for error_type, number in retries.most_common():
            self.retries = count_failure(self.retries, error_type, number)

    def shown(self) -> set[str]:
        """The ids of all items that are shown."""
        found = (self.in_progress, self.expired, self.due_later)
        return {item_id for items in found for _, item_id in items.first}


def _bytes_of(item: UnfinishedItem) -> int:
    return _ROW_BYTES + text_bytes(item.item_id) + text_bytes(item.error_type)
