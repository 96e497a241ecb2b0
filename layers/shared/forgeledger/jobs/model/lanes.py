"""One share of a job's items: its head, its counts and the rules it applies."""

import zlib
from enum import StrEnum
from functools import lru_cache
from typing import Final

from forgeledger.backoff import pause_seconds
from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.items import UNFINISHED, Item, ItemState
from forgeledger.jobs.model.limits import ERROR_TYPE_COUNTED_BYTES, ERROR_TYPES_PER_LANE
from forgeledger.jobs.model.sums import Sums
from forgeledger.json_text import json_bytes

OTHER_ERRORS = "(other)"


class LaneMode(StrEnum):
    # Accepts new items.
    OPEN = "open"
    # Accepts no new items; those it has continue.
    SEALED = "sealed"
    # Accepts nothing; items unfinished at its closing count as canceled.
    CLOSED = "closed"


# The field of Counts for each state of an item.
COUNT_OF: Final = {state: state.value.lower() for state in ItemState}


@fast_frozen
class LaneRules:
    """The part of a job's specification that a lane needs to decide; fixed at creation."""

    max_attempts: int = 1
    # 0: a claim has no lease and stands until another worker claims.
    lease_seconds: int = 0
    backoff_base_seconds: float = 0
    backoff_cap_seconds: float = 300
    # Whether a claim, complete or fail of an unknown item registers it on the way.
    registers_on_the_way: bool = False
    ttl_days: int = 30
    # Whether the ledger hands out the lane's items itself.
    dispatched: bool = False
    # The longest attempt: no heartbeat extends a lease beyond it. 0: any length.
    run_seconds: int = 0
    # The numbers of error types that are never retried, see `number_of_type`.
    permanent_errors: tuple[int, ...] = ()

    def is_permanent(self, error_type: str) -> bool:
        return bool(self.permanent_errors) and number_of_type(error_type) in self.permanent_errors

    def run_ends_at(self, claimed_at: int) -> int | None:
        """Until when an attempt may last at most."""
        return claimed_at + self.run_seconds * 1000 if self.run_seconds else None

    def retry_wait_ms(self, failures: int, jitter: float) -> int | None:
        """The wait after that many failed attempts; None: no attempt is left.

        It is a random part (`jitter`, 0 to 1) of a bound, which doubles with each failure: with a
        base of 2 s and a cap of 300 s it is 2, 4, 8 ... 256, 300 s.
        """
        if failures >= self.max_attempts:
            return None
        bound = pause_seconds(failures - 1, self.backoff_base_seconds, self.backoff_cap_seconds)
        return int(max(0.0, bound) * 1000 * jitter)


@fast_frozen
class Counts:
    """How many items are in each state, and how often one failed for good."""

    pending: int = 0
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0
    # Never decreases: a retry does not take a failure back.
    failings: int = 0

    def in_state(self, state: ItemState) -> int:
        return int(getattr(self, COUNT_OF[state]))

    @property
    def unfinished(self) -> int:
        return self.pending + self.in_progress

    @property
    def finished(self) -> int:
        return self.completed + self.failed + self.canceled

    @property
    def total(self) -> int:
        return self.unfinished + self.finished

    @property
    def worked(self) -> int:
        """How often an item completed or failed for good: only grows, also by a retry."""
        return self.completed + self.failings

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            pending=self.pending + other.pending,
            in_progress=self.in_progress + other.in_progress,
            completed=self.completed + other.completed,
            failed=self.failed + other.failed,
            canceled=self.canceled + other.canceled,
            failings=self.failings + other.failings,
        )


@fast_frozen
class Head:
    """A lane after its latest event. Its offset grows with each commit: it is the version."""

    job_id: str
    lane: int
    rules: LaneRules
    counts: Counts = Counts()
    # Failed items by type of error, a bounded number of types.
    failures: tuple[tuple[str, int], ...] = ()
    sums: Sums = Sums()
    mode: LaneMode = LaneMode.OPEN
    # Whether it grants no claims.
    held: bool = False
    # The step of the job's life cycle that the lane followed last.
    gate: int = 0
    # Where the next event goes.
    offset: int = 0
    # Unfinished items whose latest event is below this offset were canceled by closing the lane.
    canceled_below: int = 0
    # When that closing was.
    closed_at: int | None = None
    # The one before it, of a lane that was closed again: below which offset, and when.
    earlier_closing: tuple[int, int] | None = None


def effective_item(head: Head, item: Item) -> Item:
    """The item with its lane's closing applied, which cancels items without rewriting rows."""
    if item.state in UNFINISHED and item.offset < head.canceled_below:
        return replace(
            item,
            state=ItemState.CANCELED,
            lease_until=None,
            due_at=None,
            finished_at=_closing_time(head, item),
        )
    return item


def _closing_time(head: Head, item: Item) -> int | None:
    """When the closing that canceled the item was; of the two that the head knows."""
    earlier = head.earlier_closing
    return earlier[1] if earlier and item.offset < earlier[0] else head.closed_at


def count_failure(
    failures: tuple[tuple[str, int], ...], error_type: str, by: int
) -> tuple[tuple[str, int], ...]:
    """Count an error by its type, or with the others once the lane has enough types.

    Whether a type is listed by name depends on the journal alone, and a listed name stays. So a
    type that was counted with the others is also subtracted from them.
    """
    known = dict(failures)
    name = counted_type(error_type)
    if name not in known and (by < 0 or len(known) >= ERROR_TYPES_PER_LANE):
        name = OTHER_ERRORS
    known[name] = known.get(name, 0) + by
    return tuple(known.items())


def number_of_type(error_type: str) -> int:
    """24 bits, for which a lane's head has room: one in 16 million other names has the same."""
    return zlib.crc32(error_type.encode()) >> 8


@lru_cache(maxsize=256)
def counted_type(error_type: str) -> str:
    """The type as lanes count it: cut at a character, to a number of bytes in their head."""
    name = error_type[:ERROR_TYPE_COUNTED_BYTES]
    while json_bytes(name) > ERROR_TYPE_COUNTED_BYTES:
        name = name[:-1]
    return name
