"""How an event changes its item and its lane's head, written from the contract alone.

`rules_oracle.py` says which event follows a command. This file shares no code with the product
either, so that a defect of one shows as a difference.
"""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.lanes import Head

_FIELDS: Final = (
    "state",
    "attempt",
    "forgiven",
    "failed_attempt",
    "worker_id",
    "lease_until",
    "due_at",
    "dispatch",
    "payload",
    "kind",
    "group",
    "result",
    "failure",
    "created_at",
    "claimed_at",
    "pending_since",
    "finished_at",
    "updated_at",
    "offset",
    "seen",
    "dropped",
)
_fields_of = attrgetter(*_FIELDS)
_UNKNOWN: Final[Mapping[str, Any]] = dict.fromkeys(_FIELDS) | {
    "attempt": 0,
    "forgiven": 0,
    "failed_attempt": 0,
    "dispatch": 0,
    "seen": (),
    "dropped": False,
}
# How many of its latest commands an item remembers.
_REMEMBERED = 64
_COUNTS: Final = ("pending", "in_progress", "completed", "failed", "canceled", "failings")
_counts = attrgetter(*_COUNTS)
_COUNT_INDEXES: Final = {name.upper(): index for index, name in enumerate(_COUNTS)}
_other_head_fields: Final = attrgetter(
    *("mode", "gate", "canceled_below", "closed_at", "earlier_closing", "held"),
    *("job_id", "lane", "rules"),
)
# How many error types are counted by name, and how many bytes of a name count.
_ERROR_TYPES, _BYTES = 10, 40


def effective_item(head: Head, item: Item) -> Item:
    """The item with the effect of its lane's closing, which cancels unfinished items."""
    if item.offset < head.canceled_below and item.state in ("PENDING", "IN_PROGRESS"):
        closed_at, (below, earlier) = head.closed_at, head.earlier_closing or (0, None)
        canceled = replace(item, state=ItemState.CANCELED, lease_until=None, due_at=None)
        return replace(canceled, finished_at=earlier if item.offset < below else closed_at)
    return item


def wrong_item(
    head: Head, before: Item | None, command: Command, event: Event, after: Item | None
) -> str | None:
    """How the item after this valid event differs from the expected one; None if it does not.

    `head` and `before` are from before the event.
    """
    if before is None and event.kind != "registered":
        return None if after is None else f"a rejected command created {after}"
    if after is None:
        return "the item is missing"
    if before is None:
        expected = {**_UNKNOWN, "created_at": event.at}
    else:
        expected = dict(zip(_FIELDS, _fields_of(before), strict=True))
    expected["updated_at"] = event.at
    expected["offset"] = head.offset
    expected["seen"] = _expected_seen(expected["seen"], event)
    expected |= _expected_changes(head, before, command, event)
    actual = _fields_of(after)
    if actual == tuple(expected.values()):
        return None
    return _differences(expected, dict(zip(_FIELDS, actual, strict=True)))


def wrong_resume(
    head: Head, before: Item | None, event: Event, after: Item | None, *, dropped: bool
) -> str | None:
    """How a resumed item differs from the expected one; `dropped`: a command canceled it."""
    # A dead work message of a held lane gives its item back; only that has a command's mark.
    given_back = event.mark is not None
    if before is None or before.state != ("PENDING" if given_back else "CANCELED") or dropped:
        return f"resumed {before}"
    if given_back and not (head.held and head.rules.dispatched):
        return f"gave back {before}"
    expected = dict(zip(_FIELDS, _fields_of(before), strict=True)) | {
        "state": "PENDING",
        "attempt": before.attempt + 1,
        "forgiven": before.forgiven + 1,
        "worker_id": None,
        "due_at": _due_again(head, event.at),
        "pending_since": event.at,
        "finished_at": None,
        "updated_at": event.at,
        "offset": head.offset,
        "seen": _expected_seen(before.seen, event) if given_back else before.seen,
    }
    actual = dict(zip(_FIELDS, _fields_of(after), strict=True))
    return None if actual == expected else _differences(expected, actual)


def _expected_changes(
    head: Head, item: Item | None, command: Command, event: Event
) -> dict[str, Any]:
    kind = str(event.kind)
    if item is None:
        later = command.kind == "register" and (command.not_before or 0) > event.at
        return {
            "state": "PENDING",
            "payload": command.payload,
            "kind": command.item_kind,
            "group": command.group,
            "due_at": command.not_before if later else None,
        }
    # No lease, and no time from which it waits.
    free = {"lease_until": None, "due_at": None, "pending_since": None}
    if kind == "claimed":
        return {
            "state": "IN_PROGRESS",
            "attempt": event.attempt,
            # `rules_oracle` has checked which.
            "dispatch": event.dispatch or 0,
            "worker_id": command.worker_id,
            "lease_until": event.lease_until,
            "due_at": None,
            "pending_since": None,
            "claimed_at": event.at,
        }
    if kind == "heartbeat":
        return {"lease_until": _extended_lease(head, item, command, event.at)}
    if kind == "completed":
        return free | {
            "state": "COMPLETED",
            "attempt": max(item.attempt, command.attempt or 0),
            "worker_id": command.worker_id or item.worker_id,
            "result": command.result,
            "failure": None,
            "finished_at": event.at,
        }
    if kind in ("failed", "expired"):
        failure, worker = command.failure or Failure(type="Error"), command.worker_id
        if kind == "expired":
            # The worker that reports the expiry is not the one that held the item.
            failure, worker = event.failure or Failure(type="LeaseExpired"), None
        return free | {
            # `rules_oracle` has checked whether it is retried, and when.
            "state": "FAILED" if event.due_at is None else "PENDING",
            "due_at": event.due_at,
            "finished_at": event.at if event.due_at is None else None,
            "attempt": event.attempt,
            "failed_attempt": event.attempt,
            "worker_id": worker or item.worker_id,
            "failure": failure,
        }
    if kind == "released":
        return free | _again(head, event.at) | {"forgiven": item.forgiven + 1}
    if kind == "retried":
        more = {"forgiven": item.attempt, "finished_at": None}
        return free | _again(head, event.at) | more
    if kind == "canceled":
        # Who had it, and how it failed before, stays.
        return free | {"state": "CANCELED", "dropped": True, "finished_at": event.at}
    assert kind in ("duplicate", "rejected"), kind
    # Also of an item that its lane's closing had canceled.
    return {"dropped": True} if (kind, command.kind) == ("duplicate", "cancel") else {}


def _again(head: Head, at: int) -> dict[str, Any]:
    pending = {"state": "PENDING", "worker_id": None, "pending_since": at}
    return pending | {"due_at": _due_again(head, at)}


def _due_again(head: Head, at: int) -> int | None:
    """Where the ledger dispatches, what is pending again has a due row, and so a due time."""
    return at if head.rules.dispatched else None


def _expected_seen(seen: tuple[str, ...], event: Event) -> tuple[str, ...]:
    """Marks and reasons of the latest commands, except applied heartbeats."""
    entry = f"{event.mark}{event.reason or ''}"
    # A command that also registers its item leaves two events.
    if event.kind == "heartbeat" or seen[-1:] == (entry,):
        return seen
    return (*seen, entry)[-_REMEMBERED:]


def _extended_lease(head: Head, item: Item, command: Command, at: int) -> int | None:
    """A heartbeat never shortens a lease, nor makes an attempt longer than its longest."""
    seconds = command.lease_seconds or head.rules.lease_seconds
    longest = head.rules.run_seconds
    if not seconds:
        return item.lease_until
    until = max(at + seconds * 1000, item.lease_until or 0)
    return min(until, (item.claimed_at or 0) + longest * 1000) if longest else until


def wrong_head(
    before: Head, event: Event, old: Item | None, new: Item | None, after: Head
) -> str | None:
    """How the head after this event differs from the expected one; None if it does not."""
    counts, failures = _counts(before.counts), before.failures
    rest = _other_head_fields(before)
    if event.kind == "gated":
        assert event.gate is not None
        if event.gate <= before.gate:
            return f"followed gate {event.gate} after gate {before.gate}"
        pending, in_progress, completed, failed, canceled, failings = counts
        below, closing = before.canceled_below, None
        times = before.closed_at, before.earlier_closing
        if event.mode == "closed":
            counts = (0, 0, completed, failed, canceled + pending + in_progress, failings)
            closing = below - 1 if below else None
            times = event.at, (below, before.closed_at) if below else None
            below = before.offset + 1
        if event.previous != closing:
            return f"follows {event.previous}, the previous closing is at {closing}"
        rest = (event.mode, event.gate, below, *times, event.held is True, *rest[6:])
    elif new is not None and (old is None or old.state != new.state):
        counts = _expected_counts(counts, old, new)
        failures = _expected_failures(failures, old, new)
    # No other event changes counts: even a recount finds them right.
    if after.offset != before.offset + 1:
        return f"the next offset is {after.offset}"
    if _counts(after.counts) != counts:
        return f"the head counts {after.counts}, not {dict(zip(_COUNTS, counts, strict=True))}"
    if after.failures != failures and dict(after.failures) != dict(failures):
        return f"the head counts failures {after.failures}, not {failures}"
    if _other_head_fields(after) != rest:
        return f"the head has {_other_head_fields(after)}, not {rest}"
    return None


def _expected_counts(counts: tuple[int, ...], old: Item | None, new: Item) -> tuple[int, ...]:
    moved = list(counts)
    if old is not None:
        moved[_COUNT_INDEXES[old.state]] -= 1
    moved[_COUNT_INDEXES[new.state]] += 1
    # Failures for good; a retry does not decrease them.
    moved[_COUNT_INDEXES["FAILINGS"]] += new.state == "FAILED"
    return tuple(moved)


def _expected_failures(
    failures: tuple[tuple[str, int], ...], old: Item | None, new: Item
) -> tuple[tuple[str, int], ...]:
    """Failed items by error type; types beyond the limit are counted together."""
    known = dict(failures)
    for item, more in ((old, -1), (new, 1)):
        if item is None or item.state != "FAILED":
            continue
        assert item.failure is not None
        # Those of the simulator's names are letters, of one byte each.
        name = item.failure.type[:_BYTES]
        if name not in known and (more < 0 or len(known) >= _ERROR_TYPES):
            name = "(other)"
        known[name] = known.get(name, 0) + more
    return tuple(known.items())


def _differences(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{part} is {actual[part]}, not {expected[part]}"
        for part in _FIELDS
        if actual[part] != expected[part]
    )
