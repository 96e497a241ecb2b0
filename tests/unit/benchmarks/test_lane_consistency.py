"""A head, item or journal row of a lane that contradicts the others is found."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.lane_consistency import drifted_lanes, gaps
from benchmarks.stored_job import StoredJob, StoredLane
from forgeledger.jobs.model.commands import Recount
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.lanes import Counts
from forgeledger.journal.model.log_row import LogRow
from tests.support.builders import make_command, make_event, make_item
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

NAMES = ("a", "b", "c", "d")


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryStore())


@pytest.fixture
def stored(ledger: Ledger) -> StoredJob:
    """Two lanes of a sealed, completed job with failures, retries and duplicates."""
    job_id = ledger.job(lanes=2)
    ledger.do(job_id, "register", *NAMES)
    ledger.do(job_id, "fail", "a")
    ledger.do(job_id, "retry", "a")
    ledger.do(job_id, "complete", *NAMES)
    ledger.do(job_id, "complete", "a")
    ledger.lifecycle.seal(job_id)
    ledger.reconciler.recount(job_id, lambda: True)
    return stored_in(ledger, job_id)


def stored_in(ledger: Ledger, job_id: str) -> StoredJob:
    view = ledger.view(job_id)
    return StoredJob(
        header=view.job,
        facts=ledger.store.read_facts(job_id, 0, 100),
        lanes=[
            StoredLane(
                head=head,
                items=ledger.store.list_items(job_id, head.lane, None, 100).items,
                rows=ledger.store.read_journal(job_id, head.lane, 0, 100),
            )
            for head in view.heads
        ],
    )


def with_first_lane(stored: StoredJob, **changes: object) -> StoredJob:
    first, *others = stored.lanes
    return replace(stored, lanes=[replace(first, **changes), *others])


def test_lanes_that_are_consistent_have_neither_gaps_nor_drift(stored: StoredJob) -> None:
    assert {lane_of(name, 2) for name in NAMES} == {0, 1}

    assert drifted_lanes(stored) == []
    assert [gaps(lane) for lane in stored.lanes] == [0, 0]


def miscounted(lane: StoredLane) -> dict[str, object]:
    counts = replace(lane.head.counts, completed=lane.head.counts.completed + 1)
    return {"head": replace(lane.head, counts=counts)}


def forgotten_item(lane: StoredLane) -> dict[str, object]:
    return {"items": lane.items[1:]}


def unknown_item(lane: StoredLane) -> dict[str, object]:
    return {"items": [*lane.items, make_item(item_id="stranger")]}


def item_left_behind(lane: StoredLane) -> dict[str, object]:
    first, *others = lane.items
    return {"items": [replace(first, state=ItemState.IN_PROGRESS), *others]}


def result_of_somebody_else(lane: StoredLane) -> dict[str, object]:
    first, *others = lane.items
    return {"items": [replace(first, result='"other"'), *others]}


@pytest.mark.parametrize(
    "spoiled",
    [miscounted, forgotten_item, unknown_item, item_left_behind, result_of_somebody_else],
)
def test_a_row_that_is_wrong_is_drift(
    stored: StoredJob, spoiled: Callable[[StoredLane], dict[str, object]]
) -> None:
    wrong = with_first_lane(stored, **spoiled(stored.lanes[0]))

    assert drifted_lanes(wrong) == [0]


def test_counts_that_are_wrong_in_the_journal_itself_are_drift(stored: StoredJob) -> None:
    lane = stored.lanes[0]
    recount = Recount(counts=Counts(completed=99), failures=lane.head.failures, retrying=0)
    recounted = make_event("recounted", item_id=None, recount=recount)
    journal = [*lane.rows, LogRow(offset=lane.head.offset, entries=(recounted,))]
    head = replace(lane.head, offset=lane.head.offset + 1, counts=Counts(completed=99))

    wrong = with_first_lane(stored, head=head, rows=journal)

    assert drifted_lanes(wrong) == [0]
    assert gaps(wrong.lanes[0]) == 0


def test_an_item_in_a_lane_that_is_not_its_own_is_drift(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=2)
    ledger.lane_writer.apply(job_id, 1 - lane_of("a", 2), [make_command("register", item_id="a")])

    wrong = stored_in(ledger, job_id)

    assert drifted_lanes(wrong) == [1 - lane_of("a", 2)]


@pytest.mark.parametrize("missing", [0, 1, -1])
def test_a_row_that_the_journal_lacks_is_a_gap(stored: StoredJob, missing: int) -> None:
    journal = list(stored.lanes[0].rows)
    del journal[missing]

    wrong = with_first_lane(stored, rows=journal)

    assert gaps(wrong.lanes[0]) == 1


def test_a_row_that_repeats_the_events_of_another_is_an_invalid_journal(stored: StoredJob) -> None:
    journal = list(stored.lanes[0].rows)
    again = replace(journal[1], offset=journal[1].offset - 1)

    wrong = with_first_lane(stored, rows=[journal[0], again, *journal[2:]])

    assert gaps(wrong.lanes[0]) == 2
