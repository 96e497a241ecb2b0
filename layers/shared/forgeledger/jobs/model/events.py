"""What happened in a lane: immutable events, in order, and how they change items and head."""

from enum import StrEnum
from typing import Any

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.lanes import COUNT_OF, Counts, Head, LaneMode, count_failure
from forgeledger.jobs.model.limits import COMMANDS_REMEMBERED_PER_ITEM
from forgeledger.jobs.model.outcomes import Reason


class EventKind(StrEnum):
    REGISTERED = "registered"
    CLAIMED = "claimed"
    HEARTBEAT = "heartbeat"
    COMPLETED = "completed"
    # With a due time the item waits for another attempt; without one it has failed for good.
    FAILED = "failed"
    EXPIRED = "expired"
    RELEASED = "released"
    RETRIED = "retried"
    # Commands that changed nothing.
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    # The lane followed the job's life cycle.
    GATED = "gated"
    # The head got the counts of its items.
    RECOUNTED = "recounted"


@fast_frozen
class Event:
    """One event, with everything that replaying it needs; other fields are None."""

    kind: EventKind
    at: int
    item_id: str | None = None
    # Offset of the item's previous event; of a closing, that of the lane's previous closing.
    previous: int | None = None
    mark: str | None = None
    attempt: int | None = None
    worker_id: str | None = None
    lease_until: int | None = None
    due_at: int | None = None
    payload: str | None = None
    result: str | None = None
    failure: Failure | None = None
    command: CommandKind | None = None
    reason: Reason | None = None
    gate: int | None = None
    mode: LaneMode | None = None
    counts: Counts | None = None
    failures: tuple[tuple[str, int], ...] | None = None
    # Who asked for it over HTTP; None: a command from the queue, or the ledger itself.
    client_id: str | None = None


def evolve_item(item: Item | None, event: Event, offset: int) -> Item | None:
    """The item after an event that names it; None for an item that does not exist."""
    if event.item_id is None:
        return item
    if event.kind is EventKind.REGISTERED:
        return Item(
            item_id=event.item_id,
            state=ItemState.PENDING,
            payload=event.payload,
            created_at=event.at,
            updated_at=event.at,
            offset=offset,
            seen=_remember((), event),
        )
    if item is None:
        return None
    seen = _remember(item.seen, event)
    return replace(item, updated_at=event.at, offset=offset, seen=seen, **_changes(item, event))


def _changes(item: Item, event: Event) -> dict[str, Any]:
    """The fields that an event changes, for one copy of the item."""
    kind = event.kind
    attempt = item.attempt if event.attempt is None else event.attempt
    if kind is EventKind.CLAIMED:
        return {
            "state": ItemState.IN_PROGRESS,
            "attempt": attempt,
            "worker_id": event.worker_id,
            "lease_until": event.lease_until,
            "due_at": None,
            "claimed_at": event.at,
        }
    if kind is EventKind.HEARTBEAT:
        return {"lease_until": event.lease_until}
    if kind is EventKind.COMPLETED:
        return {
            "state": ItemState.COMPLETED,
            "attempt": attempt,
            "worker_id": event.worker_id or item.worker_id,
            "lease_until": None,
            "due_at": None,
            "result": event.result,
            "failure": None,
            "finished_at": event.at,
        }
    if kind is EventKind.FAILED or kind is EventKind.EXPIRED:
        again = event.due_at is not None
        return {
            "state": ItemState.PENDING if again else ItemState.FAILED,
            "attempt": attempt,
            "failed_attempt": attempt,
            "worker_id": event.worker_id or item.worker_id,
            "lease_until": None,
            "due_at": event.due_at,
            "failure": event.failure,
            "finished_at": None if again else event.at,
        }
    if kind is EventKind.RELEASED:
        return {
            "state": ItemState.PENDING,
            "forgiven": item.forgiven + 1,
            "worker_id": None,
            "lease_until": None,
        }
    if kind is EventKind.RETRIED:
        return {
            "state": ItemState.PENDING,
            "forgiven": item.attempt,
            "worker_id": None,
            "finished_at": None,
        }
    return {}


def _remember(seen: tuple[str, ...], event: Event) -> tuple[str, ...]:
    # A repeated heartbeat is harmless, and a long attempt has so many that they would push out the
    # marks that matter. An item registered by its first command has that mark twice.
    if event.mark is None or event.kind is EventKind.HEARTBEAT:
        return seen
    entry = event.mark if event.reason is None else event.mark + event.reason
    return seen if entry in seen else (*seen, entry)[-COMMANDS_REMEMBERED_PER_ITEM:]


def evolve_head(head: Head, event: Event, before: Item | None, after: Item | None) -> Head:
    """The head after an event, given the event's item before and after it."""
    offset = head.offset + 1
    if event.kind is EventKind.GATED:
        return _gated(head, event, offset)
    if event.kind is EventKind.RECOUNTED:
        assert event.counts is not None
        assert event.failures is not None
        return replace(head, offset=offset, counts=event.counts, failures=event.failures)
    old = None if before is None else before.state
    new = None if after is None else after.state
    if new is None or old is new:
        return replace(head, offset=offset)
    failures = head.failures
    if old is ItemState.FAILED and before is not None and before.failure is not None:
        failures = count_failure(failures, before.failure.type, -1)
    if new is ItemState.FAILED and after is not None and after.failure is not None:
        failures = count_failure(failures, after.failure.type, +1)
    return replace(head, offset=offset, counts=_moved(head.counts, old, new), failures=failures)


def _gated(head: Head, event: Event, offset: int) -> Head:
    assert event.gate is not None
    assert event.mode is not None
    followed = replace(head, offset=offset, gate=event.gate, mode=event.mode)
    if event.mode is not LaneMode.CLOSED:
        return followed
    canceled = head.counts.canceled + head.counts.unfinished
    counts = replace(head.counts, pending=0, in_progress=0, canceled=canceled)
    earlier = None if head.closed_at is None else (head.canceled_below, head.closed_at)
    return replace(
        followed,
        counts=counts,
        canceled_below=offset,
        closed_at=event.at,
        earlier_closing=earlier,
    )


def _moved(counts: Counts, old: ItemState | None, new: ItemState) -> Counts:
    """The counts after an item came into another state."""
    changes = {COUNT_OF[new]: counts.in_state(new) + 1}
    if old is not None:
        changes[COUNT_OF[old]] = counts.in_state(old) - 1
    if new is ItemState.FAILED:
        changes["failings"] = counts.failings + 1
    return replace(counts, **changes)
