"""What an event leaves behind in its item and in its lane's head, from the contract alone.

`lawful.py` says which event must come of a command. Here, too, no line is the product's own, so
that the two can contradict each other.
"""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Final

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.lanes import Head

_PARTS: Final = (
    "state",
    "attempt",
    "forgiven",
    "failed_attempt",
    "worker_id",
    "lease_until",
    "due_at",
    "payload",
    "result",
    "failure",
    "created_at",
    "claimed_at",
    "finished_at",
    "updated_at",
    "offset",
    "seen",
)
_parts = attrgetter(*_PARTS)
_UNKNOWN: Final[Mapping[str, Any]] = dict.fromkeys(_PARTS) | {
    "attempt": 0,
    "forgiven": 0,
    "failed_attempt": 0,
    "seen": (),
}
# So many of its latest commands an item remembers.
_REMEMBERED = 32
_COUNTS: Final = ("pending", "in_progress", "completed", "failed", "canceled", "failings")
_counts = attrgetter(*_COUNTS)
_PLACES: Final = {name.upper(): place for place, name in enumerate(_COUNTS)}
_REST: Final = attrgetter("mode", "gate", "canceled_below", "job_id", "lane", "rules")
# So many types of error are counted by name, and so much of a name is looked at.
_NAMES, _CHARACTERS = 10, 48


def as_it_stands(head: Head, item: Item) -> Item:
    """The item before its next event: a lane that closes cancels what is unfinished in it."""
    if item.offset < head.canceled_below and item.state in ("PENDING", "IN_PROGRESS"):
        return replace(item, state=ItemState.CANCELED, lease_until=None, due_at=None)
    return item


def wrong_item(
    head: Head, before: Item | None, command: Command, event: Event, after: Item | None
) -> str | None:
    """Why the item after this event, which is lawful, cannot be this one; None if it can.

    `head` and `before` are from before the event.
    """
    if before is None and event.kind != "registered":
        return None if after is None else f"what was refused left {after} behind"
    if after is None:
        return "the item is gone"
    if before is None:
        expected = {**_UNKNOWN, "created_at": event.at}
    else:
        expected = dict(zip(_PARTS, _parts(before), strict=True))
    expected["updated_at"] = event.at
    expected["offset"] = head.offset
    expected["seen"] = _remembered(expected["seen"], event)
    expected |= _changed(head, before, command, event)
    found = _parts(after)
    if found == tuple(expected.values()):
        return None
    return _differing(expected, dict(zip(_PARTS, found, strict=True)))


def _changed(head: Head, item: Item | None, command: Command, event: Event) -> dict[str, Any]:
    kind = str(event.kind)
    if item is None:
        return {"state": "PENDING", "payload": command.payload}
    # Nobody has it any more, and nobody waits for it.
    free = {"lease_until": None, "due_at": None}
    if kind == "claimed":
        return {
            "state": "IN_PROGRESS",
            "attempt": event.attempt,
            "worker_id": command.worker_id,
            "lease_until": event.lease_until,
            "due_at": None,
            "claimed_at": event.at,
        }
    if kind == "heartbeat":
        return {"lease_until": _extended(head, item, command, event.at)}
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
        told, worker = command.failure or Failure(type="Error"), command.worker_id
        if kind == "expired":
            # Whoever found it out is not who had it.
            told, worker = event.failure or Failure(type="LeaseExpired"), None
        return free | {
            # Whether it had to be tried again, and when, has been judged with the event.
            "state": "FAILED" if event.due_at is None else "PENDING",
            "due_at": event.due_at,
            "finished_at": event.at if event.due_at is None else None,
            "attempt": event.attempt,
            "failed_attempt": event.attempt,
            "worker_id": worker or item.worker_id,
            "failure": told,
        }
    if kind == "released":
        return free | {"state": "PENDING", "worker_id": None, "forgiven": item.forgiven + 1}
    if kind == "retried":
        renewed = {"forgiven": item.attempt, "worker_id": None, "finished_at": None}
        return free | {"state": "PENDING"} | renewed
    assert kind in ("duplicate", "rejected"), kind
    return {}


def _remembered(seen: tuple[str, ...], event: Event) -> tuple[str, ...]:
    """Each command with its answer, but for heartbeats that were applied."""
    entry = f"{event.mark}{event.reason or ''}"
    # A command that registers its item on the way leaves two events.
    if event.kind == "heartbeat" or seen[-1:] == (entry,):
        return seen
    return (*seen, entry)[-_REMEMBERED:]


def _extended(head: Head, item: Item, command: Command, at: int) -> int | None:
    """A heartbeat never shortens a lease, and without any it extends nothing."""
    seconds = command.lease_seconds or head.rules.lease_seconds
    if not seconds:
        return item.lease_until
    return max(at + seconds * 1000, item.lease_until or 0)


def wrong_head(
    before: Head, event: Event, old: Item | None, new: Item | None, after: Head
) -> str | None:
    """Why the head after this event, of an item that was old and is new, cannot be this one."""
    counts, failures = _counts(before.counts), before.failures
    rest = _REST(before)
    if event.kind == "gated":
        assert event.gate is not None
        if event.gate <= before.gate:
            return f"followed gate {event.gate} after gate {before.gate}"
        pending, in_progress, completed, failed, canceled, failings = counts
        below, closing = before.canceled_below, None
        if event.mode == "closed":
            counts = (0, 0, completed, failed, canceled + pending + in_progress, failings)
            closing = below - 1 if below else None
            below = before.offset + 1
        if event.previous != closing:
            return f"follows {event.previous}, the closing before it is at {closing}"
        rest = (event.mode, event.gate, below, *rest[3:])
    elif new is not None and (old is None or old.state != new.state):
        counts = _moved(counts, old, new)
        failures = _by_type(failures, old, new)
    # All else, a count of all items among it, leaves everything as it was: it was right.
    if after.offset != before.offset + 1:
        return f"the next offset is {after.offset}"
    if _counts(after.counts) != counts:
        return f"the head counts {after.counts}, not {dict(zip(_COUNTS, counts, strict=True))}"
    if after.failures != failures and dict(after.failures) != dict(failures):
        return f"the head counts failures {after.failures}, not {failures}"
    if _REST(after) != rest:
        return f"the head has {_REST(after)}, not {rest}"
    return None


def _moved(counts: tuple[int, ...], old: Item | None, new: Item) -> tuple[int, ...]:
    moved = list(counts)
    if old is not None:
        moved[_PLACES[old.state]] -= 1
    moved[_PLACES[new.state]] += 1
    # Each failure for good; a retry does not take it back.
    moved[_PLACES["FAILINGS"]] += new.state == "FAILED"
    return tuple(moved)


def _by_type(
    failures: tuple[tuple[str, int], ...], old: Item | None, new: Item
) -> tuple[tuple[str, int], ...]:
    """Items that are failed now, by the type of their error; names that came too late together."""
    known = dict(failures)
    for item, more in ((old, -1), (new, 1)):
        if item is None or item.state != "FAILED":
            continue
        assert item.failure is not None
        name = item.failure.type[:_CHARACTERS]
        if name not in known and (more < 0 or len(known) >= _NAMES):
            name = "(other)"
        known[name] = known.get(name, 0) + more
    return tuple(known.items())


def _differing(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{part} is {found[part]}, not {expected[part]}"
        for part in _PARTS
        if found[part] != expected[part]
    )
