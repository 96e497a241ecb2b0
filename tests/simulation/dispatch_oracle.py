"""Dispatches, written a second time from the contract: the fence, due rows and closings."""

from collections.abc import Iterable

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.lanes import Head
from tests.simulation.expressions import Row
from tests.simulation.table import RowChange

# A due row: its sort key, its item, and the dispatch that it is for.
Due = tuple[str, str, int]
_AGAIN = ("failed", "expired", "released", "retried", "resumed")


def awaited(item: Item) -> int:
    """Which dispatch the item is in, or waits for."""
    return item.dispatch if item.state == "IN_PROGRESS" else item.attempt + 1


def is_foreign(head: Head, item: Item, command: Command) -> bool:
    """Whether the command says that it is for another dispatch."""
    given = head.rules.dispatched and command.dispatch is not None
    return given and command.dispatch != awaited(item)


def is_given_back(head: Head, item: Item, command: Command) -> bool:
    """A dead work message of a job that is paused: its lane itself refused the claims."""
    lost = command.failure is not None and command.failure.type == "WorkerLost"
    told_of_dispatch = command.dispatch is not None and command.attempt is None
    by_holder = command.worker_id is not None and command.worker_id == item.worker_id
    dispatched = head.rules.dispatched and head.held
    return dispatched and item.state == "PENDING" and lost and told_of_dispatch and not by_holder


def is_held(head: Head, item: Item, command: Command, at: int) -> bool:
    """Whether a failure of the whole message meets a lease of a worker that did not send it."""
    of_message = head.rules.dispatched and command.dispatch is not None and command.attempt is None
    if not of_message or item.state != "IN_PROGRESS":
        return False
    own = command.worker_id is not None and command.worker_id == item.worker_id
    return not own and item.lease_until is not None and item.lease_until > at


def answer_to_claim(item: Item, command: Command, at: int) -> str:
    """`granted`, `duplicate`, or the reason of a rejection."""
    attempt, expects = command.attempt, awaited(item)
    dispatch = command.dispatch or attempt or expects
    if item.state == "PENDING":
        if dispatch < expects:
            return "stale_attempt"
        if dispatch > expects:
            return "unknown_attempt"
        return "not_due" if (item.due_at or 0) > at else "granted"
    over = item.lease_until is not None and item.lease_until <= at
    named = command.worker_id is not None or attempt is not None
    same_worker = named and command.worker_id == item.worker_id
    if dispatch == expects and same_worker and attempt in (None, item.attempt) and not over:
        return "duplicate"
    if dispatch != expects or (attempt is not None and attempt <= item.attempt):
        return "stale_attempt"
    free = same_worker or over or item.lease_until is None
    return "granted" if free else "lease_held"


def expected_dispatch(head: Head, item: Item | None, command: Command) -> int | None:
    """What a granted claim is for."""
    if not head.rules.dispatched:
        return None
    return command.dispatch or command.attempt or (1 if item is None else awaited(item))


def due_rows_after(head: Head, event: Event, after: Item | None) -> list[Due]:
    """The rows that this event must write; `head` is from before it."""
    kind = str(event.kind)
    again = kind in _AGAIN and after is not None and after.state == "PENDING"
    later = kind == "registered" and event.due_at is not None
    if not head.rules.dispatched or after is None or not (again or later):
        return []
    # What was released, retried or resumed is due at once.
    due_at = event.at if kind in ("released", "retried", "resumed") else event.due_at
    return [(f"DUE#{due_at:013d}#{head.offset:012d}", after.item_id, after.attempt + 1)]


def due_rows_written(changes: Iterable[RowChange]) -> list[Due]:
    return [
        _due(change.sk, change.new)
        for change in changes
        if change.sk.startswith("DUE#") and change.old is None and change.new is not None
    ]


def _due(sk: str, row: Row) -> Due:
    return (sk, row["itemId"]["S"], int(row["attempt"]["N"]))


def wrong_closing(event: Event, after: Head) -> str | None:
    """A closing carries how many items were finished or came back until then."""
    counts = after.counts
    closes = event.mode == "closed" and after.rules.dispatched
    finished = counts.completed + counts.failed + counts.canceled
    expected = finished + after.sums.again if closes else None
    if event.resolved == expected:
        return None
    return f"carries {event.resolved} resolved items, not {expected}"
