"""Recently rejected commands: what may hold up a running job, or all since the end of a job."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head, LaneMode
from forgeledger.jobs.model.limits import PAGE_BYTES
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.model.sizes import event_bytes
from forgeledger.jobs.ports import JobView, LaneStore
from forgeledger.runtime import Runtime

# How many events one request reads, divided among the lanes, and the fewest of each.
_LATEST_EVENTS = 500
_LEAST_EVENTS = 30
# So many are read at first, then twice as many each time: their size is not known.
_AT_FIRST = 5
_SHOWN = 10
# With these reasons an item does not hold up a running job: it is completed, or has not failed.
_HARMLESS = frozenset({Reason.ALREADY_COMPLETED, Reason.NOT_FAILED})

_Kind = tuple[CommandKind, Reason]
# The time and the item; the rest of an event may be large and is not held.
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
    lanes: LaneStore, runtime: Runtime, view: JobView
) -> tuple[RejectionCount, ...]:
    """The rejections among the latest events of all lanes, most frequent first."""
    used = [head for head in view.heads if head.offset > _first_offset(view.job, head)]
    most, most_bytes = events_of_a_lane(len(used)), PAGE_BYTES // max(1, len(used))

    left_out = frozenset() if view.job.finished else _HARMLESS

    def rejected(head: Head) -> list[tuple[_Kind, _Sighting]]:
        first = max(_first_offset(view.job, head), head.offset - most)
        since = _since(view.job, head)
        all_kinds = _rejected(lanes, head, first, since, most_bytes)
        return [rejection for rejection in all_kinds if rejection[0][1] not in left_out]

    by_lane = runtime.parallel(rejected, used)
    counts: Counter[_Kind] = Counter()
    latest: dict[_Kind, _Sighting] = {}
    for rejections in by_lane:
        counts.update(kind for kind, _ in rejections)
        # Within a lane the latest is the first seen; among lanes, the one with the latest time.
        for kind, sighting in dict(reversed(rejections)).items():
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


def events_of_a_lane(lanes: int) -> int:
    """How many of a lane's latest events are read, with so many lanes."""
    return max(_LEAST_EVENTS, _LATEST_EVENTS // max(1, lanes))


def _first_offset(job: Job, head: Head) -> int:
    """A closed lane of a finished job ended with its closing."""
    return head.canceled_below if job.finished and head.mode is LaneMode.CLOSED else 0


def _since(job: Job, head: Head) -> int:
    """A lane that was not closed ended with its job."""
    return 0 if head.mode is LaneMode.CLOSED else job.finished_at or 0


def _rejected(
    lanes: LaneStore, head: Head, end: int, since: int, most_bytes: int
) -> Iterator[tuple[_Kind, _Sighting]]:
    """The rejections among the lane's latest events, from the last one back."""
    at, step = head.offset, _AT_FIRST
    while at > end and most_bytes > 0:
        rows = lanes.read_journal(head.job_id, head.lane, max(end, at - step), step)
        known = [
            (offset, event)
            for row in rows
            for offset, event in enumerate(row.entries, row.offset)
            if end <= offset < at
        ]
        if not known:
            # Their rows have expired.
            return
        for _, event in reversed(known):
            most_bytes -= event_bytes(event)
            if event.at < since:
                continue
            if event.command and event.reason:
                yield (event.command, event.reason), (event.at, event.item_id or "")
        at, step = known[0][0], 2 * step
