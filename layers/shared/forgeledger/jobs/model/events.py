"""What happened in a lane: immutable events, in order, and how they change items and head."""

from enum import StrEnum
from typing import Any

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.commands import CommandKind, Recount
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode, count_failure
from forgeledger.jobs.model.limits import COMMANDS_REMEMBERED_PER_ITEM
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.model.sums import Sums


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
    # By a command; a closing cancels without an event for each item.
    CANCELED = "canceled"
    # PENDING for another dispatch: its job was reopened with what the closing had canceled, or its
    # work message died while the job was held.
    RESUMED = "resumed"
    # Commands that changed nothing.
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    # The lane followed the job's life cycle.
    GATED = "gated"
    # The head got the numbers that its items give.
    RECOUNTED = "recounted"


# A name of the module is found four times as fast as a member of its class, and each event looks
# many of them up.
_PENDING, _IN_PROGRESS, _COMPLETED, _FAILED, _CANCELED = ItemState
# The events that the sums tell of; a set would hash each kind in Python.
_SUMMED = (
    EventKind.COMPLETED,
    EventKind.CLAIMED,
    EventKind.FAILED,
    EventKind.EXPIRED,
    EventKind.RELEASED,
    EventKind.RETRIED,
    EventKind.CANCELED,
    EventKind.RESUMED,
)


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
    item_kind: str | None = None
    group: str | None = None
    # Of a claim that was granted in a lane that dispatches.
    dispatch: int | None = None
    # Of such a lane's closing: `finished + again` after it, from which a dispatcher goes on.
    resolved: int | None = None
    result: str | None = None
    failure: Failure | None = None
    command: CommandKind | None = None
    reason: Reason | None = None
    gate: int | None = None
    mode: LaneMode | None = None
    # Of a lane that grants no claims from now on.
    held: bool | None = None
    recount: Recount | None = None
    # Who asked for it over HTTP; None: a command from the queue, or the ledger itself.
    client_id: str | None = None
    # Unknown fields of its command.
    ignored: tuple[str, ...] = ()


def evolve_item(item: Item | None, event: Event, offset: int) -> Item | None:
    """The item after an event that names it; None for an item that does not exist."""
    if event.item_id is None:
        return item
    if event.kind is EventKind.REGISTERED:
        return Item(
            item_id=event.item_id,
            state=ItemState.PENDING,
            payload=event.payload,
            kind=event.item_kind,
            group=event.group,
            due_at=event.due_at,
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
            "state": _IN_PROGRESS,
            "attempt": attempt,
            "dispatch": event.dispatch or 0,
            "worker_id": event.worker_id,
            "lease_until": event.lease_until,
            "due_at": None,
            "pending_since": None,
            "claimed_at": event.at,
        }
    if kind is EventKind.HEARTBEAT:
        return {"lease_until": event.lease_until}
    if kind is EventKind.COMPLETED:
        return {
            "state": _COMPLETED,
            "attempt": attempt,
            "worker_id": event.worker_id or item.worker_id,
            "lease_until": None,
            "due_at": None,
            "pending_since": None,
            "result": event.result,
            "failure": None,
            "finished_at": event.at,
        }
    if kind is EventKind.FAILED or kind is EventKind.EXPIRED:
        again = event.due_at is not None
        return {
            "state": _PENDING if again else _FAILED,
            "attempt": attempt,
            "failed_attempt": attempt,
            "worker_id": event.worker_id or item.worker_id,
            "lease_until": None,
            "due_at": event.due_at,
            "pending_since": None,
            "failure": event.failure,
            "finished_at": None if again else event.at,
        }
    if kind is EventKind.RELEASED:
        return {
            "state": _PENDING,
            "forgiven": item.forgiven + 1,
            "worker_id": None,
            "lease_until": None,
            "due_at": event.due_at,
            "pending_since": event.at,
        }
    if kind is EventKind.RETRIED:
        return {
            "state": _PENDING,
            "forgiven": item.attempt,
            "worker_id": None,
            "finished_at": None,
            "due_at": event.due_at,
            "pending_since": event.at,
        }
    if kind is EventKind.CANCELED:
        return {
            "state": _CANCELED,
            "dropped": True,
            "lease_until": None,
            "due_at": None,
            "pending_since": None,
            "finished_at": event.at,
        }
    if kind is EventKind.RESUMED:
        return {
            "state": _PENDING,
            "attempt": attempt,
            "forgiven": item.forgiven + 1,
            "worker_id": None,
            "lease_until": None,
            "due_at": event.due_at,
            "pending_since": event.at,
            "finished_at": None,
        }
    if kind is EventKind.DUPLICATE and event.command is CommandKind.CANCEL:
        # It was canceled with its lane; now it is by itself, too.
        return {"dropped": True}
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
        return _recounted(head, event, offset)
    if after is None:
        return replace(head, offset=offset)
    sums = head.sums
    if before is not None and event.kind in _SUMMED:
        sums = _summed(sums, event, before, after)
    old, new = None if before is None else before.state, after.state
    if old is new:
        return replace(head, offset=offset, sums=sums)
    counts, failures = _moved(head.counts, old, new), head.failures
    if old is _FAILED and before is not None and before.failure is not None:
        failures = count_failure(failures, before.failure.type, -1)
    if new is _FAILED and after.failure is not None:
        failures = count_failure(failures, after.failure.type, +1)
    return replace(head, offset=offset, counts=counts, failures=failures, sums=sums)


def _summed(sums: Sums, event: Event, before: Item, after: Item) -> Sums:
    """The sums after an event of `_SUMMED`."""
    kind = event.kind
    claimed = kind is EventKind.CLAIMED
    ran_ms = waited_ms = 0
    # Clocks differ a little; a time is never negative.
    if before.state is _IN_PROGRESS:
        ran_ms = max(0, event.at - (before.claimed_at or event.at))
    elif claimed:
        waited_ms = max(0, event.at - before.claimable_since)
    return Sums(
        claims=sums.claims + claimed,
        failures=sums.failures + (kind is EventKind.FAILED),
        expired=sums.expired + (kind is EventKind.EXPIRED),
        released=sums.released + (kind is EventKind.RELEASED),
        run_ms=sums.run_ms + ran_ms,
        queue_ms=sums.queue_ms + waited_ms,
        again=sums.again + (after.state is _PENDING),
        retrying=sums.retrying + after.retrying - before.retrying,
    )


def _recounted(head: Head, event: Event, offset: int) -> Head:
    assert event.recount is not None
    recount = event.recount
    sums = replace(head.sums, retrying=recount.retrying)
    return replace(head, offset=offset, counts=recount.counts, failures=recount.failures, sums=sums)


def _gated(head: Head, event: Event, offset: int) -> Head:
    assert event.gate is not None
    assert event.mode is not None
    held = event.held is True
    followed = replace(head, offset=offset, gate=event.gate, mode=event.mode, held=held)
    if event.mode is not LaneMode.CLOSED:
        return followed
    canceled = head.counts.canceled + head.counts.unfinished
    counts = replace(head.counts, pending=0, in_progress=0, canceled=canceled)
    sums = replace(head.sums, retrying=0)
    earlier = None if head.closed_at is None else (head.canceled_below, head.closed_at)
    return replace(
        followed,
        counts=counts,
        sums=sums,
        canceled_below=offset,
        closed_at=event.at,
        earlier_closing=earlier,
    )


def _moved(counts: Counts, old: ItemState | None, new: ItemState) -> Counts:
    """The counts after an item came into another state."""
    return Counts(
        pending=counts.pending + (new is _PENDING) - (old is _PENDING),
        in_progress=counts.in_progress + (new is _IN_PROGRESS) - (old is _IN_PROGRESS),
        completed=counts.completed + (new is _COMPLETED) - (old is _COMPLETED),
        failed=counts.failed + (new is _FAILED) - (old is _FAILED),
        canceled=counts.canceled + (new is _CANCELED) - (old is _CANCELED),
        failings=counts.failings + (new is _FAILED),
    )
