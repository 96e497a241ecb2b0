"""Commands that were rejected lately: what workers say of a job that is not done, in vain."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.limits import PAGE_BYTES
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.model.sizes import event_bytes
from forgeledger.jobs.ports import LaneStore
from forgeledger.runtime import Runtime

# How many events one request looks at, shared out among the lanes, and how many in each at least.
_LATEST_EVENTS = 500
_LEAST_EVENTS = 30
# So many are read at first, and then twice as many each time: how large they are is not known.
_AT_FIRST = 5
_SHOWN = 10
# What these say of an item holds nothing up: it is completed, or has not failed.
_HARMLESS = frozenset({Reason.ALREADY_COMPLETED, Reason.NOT_FAILED})

_Kind = tuple[CommandKind, Reason]
# When, and of which item. What else an event has may be large and is let go.
_Sighting = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionCount:
    """Commands of one kind that were rejected for one reason, and the latest of them."""

    command: CommandKind
    reason: Reason
    count: int
    latest_item_id: str
    latest_at: int


def latest_rejections(
    lanes: LaneStore, runtime: Runtime, heads: Sequence[Head]
) -> tuple[RejectionCount, ...]:
    """Those among the latest events of all lanes, most frequent first."""
    used = [head for head in heads if head.offset]
    most, most_bytes = looked_at(len(used)), PAGE_BYTES // max(1, len(used))
    found = runtime.parallel(lambda head: list(_rejected(lanes, head, most, most_bytes)), used)
    counts: Counter[_Kind] = Counter()
    latest: dict[_Kind, _Sighting] = {}
    for lane in found:
        # Which is a lane's latest says its own order, and which of the lanes' their time.
        of_lane: dict[_Kind, _Sighting] = {}
        for kind, sighting in lane:
            counts[kind] += 1
            of_lane.setdefault(kind, sighting)
        for kind, sighting in of_lane.items():
            latest[kind] = max(latest.get(kind, sighting), sighting)
    kinds = sorted(counts, key=lambda kind: (-counts[kind], kind))
    return tuple(
        RejectionCount(
            command=kind[0],
            reason=kind[1],
            count=counts[kind],
            latest_item_id=latest[kind][1],
            latest_at=latest[kind][0],
        )
        for kind in kinds[:_SHOWN]
    )


def looked_at(lanes: int) -> int:
    """How many of a lane's latest events are looked at, of so many lanes."""
    return max(_LEAST_EVENTS, _LATEST_EVENTS // max(1, lanes))


def _rejected(
    lanes: LaneStore, head: Head, most: int, most_bytes: int
) -> Iterator[tuple[_Kind, _Sighting]]:
    """Of the lane's latest events, from the last one back, those of rejected commands."""
    at, end, step = head.offset, max(0, head.offset - most), _AT_FIRST
    while at > end and most_bytes > 0:
        rows = lanes.read_journal(head.job_id, head.lane, max(end, at - step), step)
        known = [
            (offset, event)
            for row in rows
            for offset, event in enumerate(row.entries, row.offset)
            if end <= offset < at
        ]
        if not known:
            # They are past their retention.
            return
        for _, event in reversed(known):
            most_bytes -= event_bytes(event)
            if event.command and event.reason and event.reason not in _HARMLESS:
                yield (event.command, event.reason), (event.at, event.item_id or "")
        at, step = known[0][0], 2 * step
