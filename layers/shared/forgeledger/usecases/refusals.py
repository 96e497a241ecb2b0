"""Commands that were refused lately: what workers say of a job that is not done, in vain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from forgeledger.domain.commands import CommandKind
from forgeledger.domain.journal import Event, EventKind
from forgeledger.domain.lanes import Head
from forgeledger.domain.outcomes import Reason
from forgeledger.ports import LedgerStore
from forgeledger.usecases.surroundings import Surroundings

# How many of a job's latest events are looked at, shared out among its lanes.
LATEST_EVENTS = 500
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Commands of one kind that were refused for one reason, and the latest of them."""

    command: CommandKind
    reason: Reason
    count: int
    latest_item_id: str
    latest_at: int


def latest_refusals(
    store: LedgerStore, around: Surroundings, heads: Sequence[Head]
) -> tuple[Refusals, ...]:
    """The most frequent first. A late word about an item that is completed holds nothing up."""
    most = LATEST_EVENTS // max(1, len(heads))
    lanes = around.parallel(lambda head: _refused(store, head, most), heads)
    found: dict[tuple[CommandKind, Reason], list[Event]] = {}
    for event in chain.from_iterable(lanes):
        if event.command is not None and event.reason not in (None, Reason.ALREADY_COMPLETED):
            found.setdefault((event.command, event.reason), []).append(event)
    refusals = [_summed(*kind, events) for kind, events in found.items()]
    refusals.sort(key=lambda each: (-each.count, each.command, each.reason))
    return tuple(refusals[:_SHOWN])


def _refused(store: LedgerStore, head: Head, most: int) -> list[Event]:
    """Of the lane's latest events those of refused commands."""
    first = max(0, head.offset - most)
    rows = store.read_journal(head.job_id, head.lane, first, most) if head.offset else ()
    events = ((row.offset + place, each) for row in rows for place, each in enumerate(row.events))
    return [each for at, each in events if at >= first and each.kind is EventKind.REJECTED]


def _summed(command: CommandKind, reason: Reason, events: Iterable[Event]) -> Refusals:
    *_, latest = told = sorted(events, key=lambda event: event.at)
    return Refusals(
        command=command,
        reason=reason,
        count=len(told),
        latest_item_id=latest.item_id or "",
        latest_at=latest.at,
    )
