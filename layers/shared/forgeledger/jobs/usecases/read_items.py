"""Read items page by page over the lanes, and one item with its history."""

from dataclasses import dataclass
from operator import attrgetter

from forgeledger.errors import JobNotFound
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.lanes import Head, counted_type, effective_item
from forgeledger.jobs.model.limits import PAGE_BYTES, SCANNED_BYTES, SCANNED_ITEMS
from forgeledger.jobs.model.scan_budget import ScanBudget
from forgeledger.jobs.model.sizes import event_bytes, item_bytes
from forgeledger.jobs.ports import JobStore, JournalRow, LaneStore
from forgeledger.jobs.usecases.load_job import require_job, require_lane

# The most journal rows that one request reads for an item's history, and for the closing that
# canceled it.
_HISTORY_ROWS = 50
# They change no item.
_WITHOUT_CHANGE = frozenset({EventKind.DUPLICATE, EventKind.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPosition:
    """After this item of this lane."""

    lane: int = 0
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """All of its conditions hold; one that is not given always does."""

    state: ItemState | None = None
    # Of the latest failure; also as lanes count it, which `why` shows.
    error_type: str | None = None
    worker_id: str | None = None

    @property
    def is_empty(self) -> bool:
        return self.state is None and self.error_type is None and self.worker_id is None

    def matches(self, item: Item) -> bool:
        if self.state is not None and item.state is not self.state:
            return False
        if self.worker_id is not None and item.worker_id != self.worker_id:
            return False
        if self.error_type is None:
            return True
        failed_with = None if item.failure is None else item.failure.type
        return failed_with is not None and self.error_type in (
            failed_with,
            counted_type(failed_with),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsPage:
    items: tuple[Item, ...]
    following: ItemPosition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    offset: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemHistory:
    """An item and its events, oldest first; `earlier` is the offset of the one before them."""

    item: Item
    lane: int
    events: tuple[PastEvent, ...]
    earlier: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReader:
    jobs: JobStore
    lanes: LaneStore

    def page(
        self, job_id: str, wanted: ItemFilter, position: ItemPosition, limit: int
    ) -> ItemsPage:
        """Items by lane and name. With a filter a page may be short although there are more."""
        view = require_job(self.jobs, job_id)
        items: list[Item] = []
        budget, bytes_left = ScanBudget(SCANNED_ITEMS, SCANNED_BYTES), PAGE_BYTES
        lane, after = position.lane, position.after
        while lane < len(view.heads):
            head = view.heads[lane]
            counts, state = head.counts, wanted.state
            if not (counts.total if state is None else counts.in_state(state)):
                lane, after = lane + 1, None
                continue
            if len(items) == limit or budget.used_up:
                return _page(items, lane, after)
            most = budget.rows()
            if wanted.is_empty:
                most = min(most, limit - len(items))
            page = self.lanes.list_items(job_id, lane, after, most, one_page=True)
            budget.spend(page.items)
            for item in page.items:
                effective = effective_item(head, item)
                if wanted.matches(effective):
                    bytes_left -= item_bytes(effective)
                    if len(items) == limit or (items and bytes_left < 0):
                        return _page(items, lane, after)
                    items.append(effective)
                after = item.item_id
            after = page.next_after
            if after is None:
                lane += 1
        return ItemsPage(items=tuple(items), following=None)

    def history(self, job_id: str, item_id: str, before: int | None) -> ItemHistory | None:
        """The item and its events, from the latest or from `before` backwards; None if unknown."""
        lanes = lanes_of(job_id)
        if lanes is None:
            raise JobNotFound(job_id)
        lane = lane_of(item_id, lanes)
        view = require_lane(self.lanes, job_id, lane, (item_id,))
        item = view.items.get(item_id)
        if item is None:
            return None
        effective = effective_item(view.head, item)
        start = item.offset if before is None else before
        events, earlier = self._walk(job_id, lane, item_id, start)
        if before is None and effective.state is ItemState.CANCELED:
            events = self._with_closing(view.head, events)
        return ItemHistory(item=effective, lane=lane, events=tuple(events), earlier=earlier)

    def _walk(
        self, job_id: str, lane: int, item_id: str, offset: int
    ) -> tuple[list[PastEvent], int | None]:
        """Follow an item's events backwards; oldest first, and the offset to continue at."""
        events: list[PastEvent] = []
        row: JournalRow | None = None
        wanted: int | None = offset
        rows_left, bytes_left = _HISTORY_ROWS, PAGE_BYTES
        while wanted is not None:
            if row is None or wanted < row.offset:
                if rows_left == 0 or bytes_left < 0:
                    break
                rows_left -= 1
                row = self._row(job_id, lane, wanted)
            event = None if row is None else row.entries[wanted - row.offset]
            if event is None or event.item_id != item_id:
                # The row has expired, and so have all before it.
                return events[::-1], None
            bytes_left -= event_bytes(event)
            events.append(PastEvent(offset=wanted, event=event))
            wanted = event.previous
        return events[::-1], wanted

    def _with_closing(self, head: Head, events: list[PastEvent]) -> list[PastEvent]:
        """Add the closing that canceled the item without naming it, if its row still exists."""
        changes = [past for past in events if past.event.kind not in _WITHOUT_CHANGE]
        if not changes or changes[-1].event.kind is EventKind.CANCELED:
            return events
        # It is the lane's first one after the item's last change; each names the one before it.
        closings: list[PastEvent] = []
        closing: int | None = head.canceled_below - 1
        while closing is not None and closing > changes[-1].offset:
            row = self._row(head.job_id, head.lane, closing)
            if row is None or len(closings) == _HISTORY_ROWS:
                return events
            event = row.entries[closing - row.offset]
            closings.append(PastEvent(offset=closing, event=event))
            closing = event.previous
        return sorted([*events, *closings[-1:]], key=attrgetter("offset"))

    def _row(self, job_id: str, lane: int, offset: int) -> JournalRow | None:
        """The row that holds this event; None if it has expired."""
        rows = self.lanes.read_journal(job_id, lane, offset, 1)
        held = rows and rows[0].offset <= offset < rows[0].end
        return rows[0] if held else None


def _page(items: list[Item], lane: int, after: str | None) -> ItemsPage:
    return ItemsPage(items=tuple(items), following=ItemPosition(lane=lane, after=after))
