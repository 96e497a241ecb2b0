"""Plan a flight: which items are handed out next, as far as the window allows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from forgeledger.execution.model.work import LaneWork, Work
from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.due_rows import DueKey, DueRow
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.sizes import text_bytes
from forgeledger.journal.model.log_row import LogRow

# At most so many items of a job without a limit are out: what is in SQS can neither be paused nor
# recalled, and lives 14 days.
MOST_OUT: Final = 50_000
# A flight ends well within its reservation.
FLIGHT_ITEMS: Final = 2_000
FLIGHT_BYTES: Final = 16_000_000
# A WORK row is written twice a flight, with the keys of its due rows.
FLIGHT_DUE_ROWS: Final = 25
# Passing events that hand out nothing is written down at last after so many.
_UNWRITTEN_EVENTS: Final = 2_000
# SQS delays a message by at most so long.
DELAY_MS: Final = 900_000


@fast_frozen
class Handout:
    """What a work message says of its item."""

    item_id: str
    # Which dispatch of the item this is: a claim is fenced by it.
    attempt: int
    kind: str | None = None
    group: str | None = None
    payload: str | None = None
    # When the item is due, if that is still to come.
    due_at: int | None = None


def of_registration(event: Event) -> Handout:
    """What a registration hands out, unless its item has a due row."""
    assert event.item_id is not None
    return Handout(
        item_id=event.item_id,
        attempt=1,
        kind=event.item_kind,
        group=event.group,
        payload=event.payload,
    )


def of_item(item: Item) -> Handout:
    """What is sent of an item that is PENDING."""
    return Handout(
        item_id=item.item_id,
        attempt=item.attempt + 1,
        kind=item.kind,
        group=item.group,
        payload=item.payload,
        due_at=item.due_at,
    )


def of_due_row(row: DueRow, item: Item | None) -> Handout | None:
    """What a due row hands out; None if its item does not wait for that dispatch any more."""
    if item is None or item.state is not ItemState.PENDING or item.attempt + 1 != row.attempt:
        return None
    return of_item(item)


def due_key(job_id: str, lane: int, row: DueRow) -> DueKey:
    return DueKey(job_id=job_id, lane=lane, due_at=row.due_at, offset=row.offset)


def handed_out(lanes: Sequence[LaneWork], heads: Sequence[Head]) -> int:
    """How many items are out: handed out, and not resolved since.

    Finishing and going back to PENDING resolve. Their sum never falls, so that heads which were
    read at different moments can only give too many.
    """
    handed = sum(lane.handed for lane in lanes)
    return handed - sum(head.counts.finished + head.sums.again for head in heads)


@dataclass(slots=True)
class FlightPlan:
    """Grows by what is read: closings first, then due rows, then registrations."""

    work: Work
    heads: Sequence[Head]
    # How many items may be out at once, and how many of them this flight may hand out.
    window: int
    most: int
    # Rows due up to then may be sent now.
    due_until: int
    lanes: list[LaneWork] = field(init=False)
    # The rows whose items this flight hands out, with their lanes.
    due: list[tuple[int, DueRow]] = field(default_factory=list)
    handouts: list[Handout] = field(default_factory=list)
    # Due rows of items that a closing canceled.
    canceled: list[DueKey] = field(default_factory=list)
    _bytes: int = 0

    def __post_init__(self) -> None:
        self.lanes = list(self.work.lanes)

    @property
    def planned(self) -> int:
        return len(self.handouts) + len(self.due)

    def room(self) -> int:
        """How many more items may be handed out."""
        if self._bytes >= FLIGHT_BYTES:
            return 0
        out = handed_out(self.lanes, self.heads)
        return max(0, min(self.window - out, self.most - self.planned))

    def closings(self) -> list[tuple[int, int]]:
        """The closings that are not passed: their lanes, and the offsets of their events."""
        return [
            (head.lane, head.canceled_below - 1)
            for head in self.heads
            if self.lanes[head.lane].taken < head.canceled_below
        ]

    def pass_closing(self, lane: int, resolved: int) -> None:
        """It has resolved all that was handed out before it, and what was not."""
        below = self.heads[lane].canceled_below
        at = self.lanes[lane]
        self.lanes[lane] = replace(
            at,
            taken=below,
            sent=below,
            handed=resolved,
            # Items with a time of their own may have due rows there that were never seen.
            next_due=at.next_due or 1,
            sweep_at=0,
        )

    def lanes_with_due_rows(self) -> list[int]:
        """Where due rows may stand.

        Not where the head is older than the WORK row: it may be from before a closing, and rows
        would count that the closing has resolved.
        """
        return [
            head.lane
            for head in self.heads
            if head.offset >= self.lanes[head.lane].taken
            and (head.sums.again or self.lanes[head.lane].next_due)
        ]

    def add_due_rows(self, lane: int, rows: Iterable[DueRow]) -> None:
        """Count the lane's rows that are due, earliest first, while there is room."""
        head, next_due, room = self.heads[lane], 0, self.room()
        for row in rows:
            if row.offset < head.canceled_below:
                self.canceled.append(due_key(head.job_id, lane, row))
            elif (
                row.due_at <= self.due_until
                # What the head does not cover waits for the next look.
                and row.offset < head.offset
                and room > 0
                and len(self.due) < FLIGHT_DUE_ROWS
            ):
                self.due.append((lane, row))
                room -= 1
                at = self.lanes[lane]
                self.lanes[lane] = replace(at, handed=at.handed + 1)
            else:
                next_due = next_due or row.due_at
        self.lanes[lane] = replace(self.lanes[lane], next_due=next_due)

    def unpassed(self, lane: int) -> int | None:
        """From which offset the lane's journal is read next; None: it is passed."""
        taken = self.lanes[lane].taken
        return taken if taken < self.heads[lane].offset else None

    def pass_rows(self, lane: int, rows: Iterable[LogRow[Event]]) -> bool:
        """Pass the events of the lane's next journal rows; False: there was no room for one."""
        at, end, room = self.lanes[lane], self.heads[lane].offset, self.room()
        taken, handed, next_due = at.taken, at.handed, at.next_due
        has_room = True
        for offset, event in _entries(rows, taken, end):
            if event.kind is EventKind.REGISTERED:
                if event.due_at is not None:
                    next_due = min(next_due or event.due_at, event.due_at)
                elif room <= 0:
                    has_room = False
                    break
                else:
                    self.handouts.append(of_registration(event))
                    self._bytes += text_bytes(event.payload)
                    handed += 1
                    room = room - 1 if self._bytes < FLIGHT_BYTES else 0
            taken = offset + 1
        self.lanes[lane] = replace(at, taken=taken, handed=handed, next_due=next_due)
        return has_room

    def next_due(self) -> int | None:
        """When the earliest due row that waits only for its time is due."""
        return min((at.next_due for at in self.lanes if at.next_due > self.due_until), default=None)

    def note_leases(self, first_at: int) -> None:
        """Have the leases of a lane looked at from then on, once something is in progress."""
        for head in self.heads:
            at = self.lanes[head.lane]
            if head.counts.in_progress and not at.sweep_at:
                self.lanes[head.lane] = replace(at, sweep_at=first_at, seen=head.offset)

    def reservation(self, me: str, now: int, renew_after_ms: int = 0) -> Work | None:
        """The row to write before anything is sent; None where there is nothing to write."""
        before, lanes = self.work, tuple(self.lanes)
        written = replace(
            before,
            version=before.version + 1,
            lanes=lanes,
            due=tuple(due_key(before.job_id, lane, row) for lane, row in self.due),
            owner=me,
            taken_at=now,
        )
        if self.planned:
            return written
        passed = sum(lane.taken for lane in lanes) - sum(lane.taken for lane in before.lanes)
        is_changed = any(
            (lane.handed, lane.sweep_at) != (former.handed, former.sweep_at)
            for lane, former in zip(lanes, before.lanes, strict=True)
        )
        # A row that was written long ago would expire before its job ends.
        is_old = before.version > 0 and 0 < renew_after_ms <= now - before.taken_at
        writes = is_changed or is_old or passed >= _UNWRITTEN_EVENTS
        return written.settled() if writes else None


def _entries(rows: Iterable[LogRow[Event]], start: int, end: int) -> Iterable[tuple[int, Event]]:
    """The events from one offset to another, with their offsets."""
    for row in rows:
        for offset, event in enumerate(row.entries, row.offset):
            if start <= offset < end:
                yield offset, event


def registrations(rows: Iterable[LogRow[Event]], start: int, end: int) -> list[Handout]:
    """What the registrations between two offsets hand out, due rows aside."""
    return [
        of_registration(event)
        for _, event in _entries(rows, start, end)
        if event.kind is EventKind.REGISTERED and event.due_at is None
    ]
