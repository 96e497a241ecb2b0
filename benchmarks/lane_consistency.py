"""A lane says the same three times, by its head, its items and its journal: whether it does."""

from benchmarks.stored_job import StoredJob, StoredLane
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.job_lifecycle import genesis
from forgeledger.jobs.model.lane_tally import count
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.replay import replay


def gaps(lane: StoredLane) -> int:
    """Rows that do not begin where the one before ended; the head says where the last ends."""
    ends = [0, *(row.end for row in lane.rows)]
    begins = [*(row.offset for row in lane.rows), lane.head.offset]
    return sum(end != begin for end, begin in zip(ends, begins, strict=True))


def drifted_lanes(stored: StoredJob) -> list[int]:
    born = genesis(stored.header.spec)
    return [
        head.lane
        for head, lane in zip(born, stored.lanes, strict=True)
        if not _agrees(lane, head, len(born))
    ]


def _agrees(lane: StoredLane, born: Head, lanes: int) -> bool:
    """Whether the journal gives head and items, and counting the items gives the head."""
    items = {item.item_id: item for item in lane.items}
    counts, failures = count(lane.head, lane.items)
    return (
        replay(born, (event for _, event in lane.events)) == (lane.head, items)
        and counts == lane.head.counts
        and dict(failures) == dict(lane.head.failures)
        and all(lane_of(name, lanes) == lane.head.lane for name in items)
    )
