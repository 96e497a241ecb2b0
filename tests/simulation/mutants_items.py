"""Mutants of an event's effect on its item and on the counts of its lane's head.

All of them change the functions that apply events, which the checks use for their replay, too.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.model import events, lane_decision, lanes
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.lanes import Counts, Head
from tests.simulation.mutant import Mutant, Mutants

ITEMS = Mutants()
_FAILURES = (EventKind.FAILED, EventKind.EXPIRED)


def _folding(name: str, change: Callable[[Item, Event, dict[str, Any]], dict[str, Any]]) -> None:
    """A mutant in which events set other fields of an item than they should."""

    @contextmanager
    def install() -> Iterator[None]:
        original = events._changes

        def changes(item: Item, event: Event) -> dict[str, Any]:
            return change(item, event, original(item, event))

        with patch.object(events, "_changes", changes):
            yield

    ITEMS.append(Mutant(name, install))


def _forgetting(name: str, kinds: tuple[EventKind, ...], *fields: str) -> None:
    """A mutant in which events of these kinds do not change these fields."""

    def change(_: Item, event: Event, changes: dict[str, Any]) -> dict[str, Any]:
        if event.kind not in kinds:
            return changes
        return {field: value for field, value in changes.items() if field not in fields}

    _folding(name, change)


def _given_up(_: Item, event: Event, changes: dict[str, Any]) -> dict[str, Any]:
    return changes | {"state": ItemState.FAILED} if event.kind in _FAILURES else changes


def _never_given_up(_: Item, event: Event, changes: dict[str, Any]) -> dict[str, Any]:
    return changes | {"state": ItemState.PENDING} if event.kind in _FAILURES else changes


_folding("an item is given up although it is to be tried again", _given_up)
_folding("an item waits on although it is given up", _never_given_up)
_forgetting("a retry does not renew the attempts", (EventKind.RETRIED,), "forgiven")
_forgetting("a retried item still has its end", (EventKind.RETRIED,), "finished_at")
_forgetting("a released attempt counts", (EventKind.RELEASED,), "forgiven")
_forgetting("a released item keeps its worker", (EventKind.RELEASED,), "worker_id", "lease_until")
_forgetting("a heartbeat does not extend the lease", (EventKind.HEARTBEAT,), "lease_until")
_forgetting("a failed item keeps its lease", _FAILURES, "lease_until")
_forgetting("a completed item keeps its lease", (EventKind.COMPLETED,), "lease_until")
_forgetting("it is forgotten which attempt failed", _FAILURES, "failed_attempt")
_forgetting("it is forgotten why an attempt failed", _FAILURES, "failure")
_forgetting("the result is not on the item", (EventKind.COMPLETED,), "result")
_forgetting("no item has a time of its end", (EventKind.COMPLETED, *_FAILURES), "finished_at")
_forgetting(
    "an item canceled by a command has no time of its end", (EventKind.CANCELED,), "finished_at"
)
_forgetting("an item canceled by a command keeps its lease", (EventKind.CANCELED,), "lease_until")
_forgetting("a resumed attempt counts", (EventKind.RESUMED,), "forgiven")
_forgetting("a claim does not note its worker", (EventKind.CLAIMED,), "worker_id")
_forgetting("a claimed item is still due", (EventKind.CLAIMED,), "due_at")


@ITEMS.named("the payload is not on the item")
def payloads_dropped() -> Iterator[None]:
    made = events.Item

    def item(**fields: Any) -> Item:
        return made(**fields | {"payload": None})

    with patch.object(events, "Item", item):
        yield


@ITEMS.named("a heartbeat shortens a lease")
def shorter_leases() -> Iterator[None]:
    original = events._changes

    def changes(item: Item, event: Event) -> dict[str, Any]:
        if event.kind is not EventKind.HEARTBEAT or event.lease_until is None:
            return original(item, event)
        return {"lease_until": event.at + 1_000}

    with patch.object(events, "_changes", changes):
        yield


@ITEMS.named("a heartbeat is remembered like any other command")
def heartbeats_remembered() -> Iterator[None]:
    with _remembering(lambda event: replace(event, kind=EventKind.DUPLICATE)):
        yield


@ITEMS.named("it is forgotten why a command was refused")
def reasons_forgotten() -> Iterator[None]:
    with _remembering(lambda event: replace(event, reason=None)):
        yield


def _remembering(what: Callable[[Event], Event]) -> AbstractContextManager[Any]:
    original = events._remember
    return patch.object(events, "_remember", lambda seen, event: original(seen, what(event)))


@ITEMS.named("an item remembers its latest command only")
def short_memory() -> Iterator[None]:
    original = events._remember
    with patch.object(events, "_remember", lambda seen, event: original(seen, event)[-1:]):
        yield


@ITEMS.named("failures for good are not counted")
def failings_not_counted() -> Iterator[None]:
    original = events._moved

    def moved(counts: Counts, old: ItemState | None, new: ItemState) -> Counts:
        return replace(original(counts, old, new), failings=counts.failings)

    with patch.object(events, "_moved", moved):
        yield


@ITEMS.named("failures by type only grow")
def growing_failures() -> Iterator[None]:
    def count_failure(
        failures: tuple[tuple[str, int], ...], error_type: str, by: int
    ) -> tuple[tuple[str, int], ...]:
        return failures if by < 0 else lanes.count_failure(failures, error_type, by)

    with patch.object(events, "count_failure", count_failure):
        yield


@ITEMS.named("a lane that closes does not note how far it was")
def closing_without_end() -> Iterator[None]:
    original = events._gated

    def gated(head: Head, event: Event, offset: int) -> Head:
        return replace(original(head, event, offset), canceled_below=head.canceled_below)

    with patch.object(events, "_gated", gated):
        yield


@ITEMS.named("a reopened lane takes its canceled items back")
def canceled_no_longer() -> Iterator[None]:
    original = events._gated

    def gated(head: Head, event: Event, offset: int) -> Head:
        followed = original(head, event, offset)
        return replace(followed, canceled_below=0) if event.mode == "open" else followed

    with patch.object(events, "_gated", gated):
        yield


@ITEMS.named("a lane that is closed again forgets when it was closed before")
def one_closing_remembered() -> Iterator[None]:
    original = events._gated

    def gated(head: Head, event: Event, offset: int) -> Head:
        return replace(original(head, event, offset), earlier_closing=None)

    with patch.object(events, "_gated", gated):
        yield


@ITEMS.named("an item that is refused after its cancel gets no time of its end")
def canceled_without_time() -> Iterator[None]:
    original = lane_decision.effective_item

    def effective_item(head: Head, item: Item) -> Item:
        return replace(original(head, item), finished_at=item.finished_at)

    with patch.object(lane_decision, "effective_item", effective_item):
        yield


@ITEMS.named("a canceled item keeps its lease")
def canceled_with_lease() -> Iterator[None]:
    original = lane_decision.effective_item

    def effective_item(head: Head, item: Item) -> Item:
        return replace(original(head, item), lease_until=item.lease_until)

    with patch.object(lane_decision, "effective_item", effective_item):
        yield
