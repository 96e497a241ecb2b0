"""Commands that were rejected lately: what workers say of a job that is not done, in vain."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forgeledger.domain.commands import CommandKind
from forgeledger.domain.journal import Event
from forgeledger.domain.lanes import Head
from forgeledger.domain.limits import PAGE_BYTES
from forgeledger.domain.outcomes import Reason
from forgeledger.ports import LedgerStore
from forgeledger.usecases.sizing import event_bytes
from forgeledger.usecases.surroundings import Surroundings

# How many events one request looks at, shared out among the lanes, and how many in each at least.
_LATEST_EVENTS = 500
_LEAST_EVENTS = 30
# So many are read at once: alone in their rows they take 2 MB.
_AT_ONCE = 50
_SHOWN = 10
# What these say of an item holds nothing up: it is completed, or has not failed.
HARMLESS = frozenset({Reason.ALREADY_COMPLETED, Reason.NOT_FAILED})

_Kind = tuple[CommandKind, Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionCount:
    """Commands of one kind that were rejected for one reason, and the latest of them."""

    command: CommandKind
    reason: Reason
    count: int
    latest_item_id: str
    latest_at: int


def latest_rejections(
    store: LedgerStore, around: Surroundings, heads: Sequence[Head]
) -> tuple[RejectionCount, ...]:
    """Those among the latest events of all lanes, most frequent first."""
    used = [head for head in heads if head.offset]
    most, most_bytes = looked_at(len(used)), PAGE_BYTES // max(1, len(used))
    lanes = around.parallel(lambda head: list(_rejected(store, head, most, most_bytes)), used)
    counts: Counter[_Kind] = Counter()
    latest: dict[_Kind, Event] = {}
    for lane in lanes:
        # Which is a lane's latest says its own order, and which of the lanes' their time.
        of_lane: dict[_Kind, Event] = {}
        for kind, event in lane:
            counts[kind] += 1
            of_lane.setdefault(kind, event)
        for kind, event in of_lane.items():
            if kind not in latest or event.at > latest[kind].at:
                latest[kind] = event
    kinds = sorted(counts, key=lambda kind: (-counts[kind], kind))
    return tuple(
        RejectionCount(
            command=kind[0],
            reason=kind[1],
            count=counts[kind],
            latest_item_id=latest[kind].item_id or "",
            latest_at=latest[kind].at,
        )
        for kind in kinds[:_SHOWN]
    )


def looked_at(lanes: int) -> int:
    """How many of a lane's latest events are looked at, of so many lanes."""
    return max(_LEAST_EVENTS, _LATEST_EVENTS // max(1, lanes))


def _rejected(
    store: LedgerStore, head: Head, most: int, most_bytes: int
) -> Iterator[tuple[_Kind, Event]]:
    """Of the lane's latest events, from the last one back, those of rejected commands."""
    at, end = head.offset, max(0, head.offset - most)
    while at > end and most_bytes > 0:
        rows = store.read_journal(head.job_id, head.lane, max(end, at - _AT_ONCE), _AT_ONCE)
        known = [
            (row.offset + place, event)
            for row in rows
            for place, event in enumerate(row.events)
            if end <= row.offset + place < at
        ]
        if not known:
            # They are past their retention.
            return
        for _, event in reversed(known):
            most_bytes -= event_bytes(event)
            if event.command and event.reason and event.reason not in HARMLESS:
                yield (event.command, event.reason), event
        at = known[0][0]
