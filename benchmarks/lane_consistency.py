"""Check that a lane's head, items and journal agree: each can be derived from another."""

from benchmarks.stored_job import StoredJob, StoredLane
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.job_lifecycle import genesis
from forgeledger.jobs.model.lane_tally import count
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.replay import replay


def gaps(lane: StoredLane) -> int:
    """Journal rows that do not begin where the row before ended, with the head as the last end."""
    ends = [0, *(row.end for row in lane.rows)]
    begins = [*(row.offset for row in lane.rows), lane.head.offset]
    return sum(end != begin for end, begin in zip(ends, begins, strict=True))


def drifted_lanes(stored: StoredJob) -> list[int]:
    initial_heads = genesis(stored.header.spec)
    return [
        head.lane
        for head, lane in zip(initial_heads, stored.lanes, strict=True)
        if not _agrees(lane, head, len(initial_heads))
    ]


def _agrees(lane: StoredLane, initial: Head, lanes: int) -> bool:
    """Replaying the journal gives head and items; counting the items gives the head's numbers."""
    items = {item.item_id: item for item in lane.items}
    return (
        replay(initial, (event for _, event in lane.events)) == (lane.head, items)
        and count(lane.head, lane.items).agrees_with(lane.head)
        and all(lane_of(name, lanes) == lane.head.lane for name in items)
    )
