"""Which items a scan of a lane answers, written a second time from the contract."""

from forgeledger.jobs.model.items import Item, ItemState, UnfinishedItem
from forgeledger.jobs.model.lanes import Head, effective_item
from forgeledger.jobs.model.sizes import item_bytes
from forgeledger.jobs.ports import ItemPage, LaneScan

_READ_BYTES = 4_096


def scan_of(head: Head, page: ItemPage, now: int, *, consistent: bool) -> LaneScan:
    units = -(-sum(map(item_bytes, page.items)) // _READ_BYTES)
    return LaneScan(
        items=tuple(_unfinished(item) for item in page.items if _holds_up(head, item, now)),
        items_scanned=len(page.items),
        read_units=units if consistent else units / 2,
        next_after=page.next_after,
    )


def _holds_up(head: Head, item: Item, now: int) -> bool:
    item = effective_item(head, item)
    if item.state is ItemState.PENDING:
        return item.failure is not None or (item.due_at or 0) > now
    return item.state is ItemState.IN_PROGRESS


def _unfinished(item: Item) -> UnfinishedItem:
    return UnfinishedItem(
        item_id=item.item_id,
        state=item.state,
        attempt=item.attempt,
        claimed_at=item.claimed_at,
        lease_until=item.lease_until,
        due_at=item.due_at,
        error_type=None if item.failure is None else item.failure.type,
    )
