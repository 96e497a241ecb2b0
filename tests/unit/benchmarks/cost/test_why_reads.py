"""What holds a large job up is found in one request that reads little."""

import pytest

from benchmarks.cost.why_reads import (
    LANES,
    MOST_DOLLARS,
    MOST_PAGES,
    MOST_READ_UNITS,
    LargeJob,
    last_of_lanes,
)

# A tenth of a million, and of what a request about a million may read.
ITEMS = 100_000


@pytest.fixture(scope="module")
def job() -> LargeJob:
    return LargeJob(ITEMS)


def test_one_stuck_item_of_a_tenth_of_a_million_is_found_in_one_request(job: LargeJob) -> None:
    stuck = last_of_lanes(ITEMS)[-1]
    job.claim([stuck])

    reads = job.ask()

    # Every lane has an item that waits for a worker, so each is read to its end.
    assert reads.explanation.items_scanned == ITEMS
    assert reads.explanation.following is None
    assert [item.item_id for item in reads.explanation.oldest_in_progress] == [stuck]
    assert 180 <= reads.row_bytes <= 210
    assert reads.read_units <= MOST_READ_UNITS / 10
    assert reads.dollars < MOST_DOLLARS / 10
    assert reads.most_pages <= MOST_PAGES / 10
    assert len(job.client.pages) == LANES
