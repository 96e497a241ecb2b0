"""Each kind of count error is in the rows here once, and is found."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.design_forgeledger import CountErrors, count_errors
from benchmarks.stored_job import StoredLane
from forgeledger.jobs.model.items import ItemState
from forgeledger.journal.model.log_row import LogRow
from tests.support.builders import make_event, make_head, make_item

NAMES = ("a", "b", "c")


def make_lane(stored: Sequence[str] = NAMES, completions: Sequence[str] = NAMES) -> StoredLane:
    events = [make_event("registered", item_id=name) for name in NAMES]
    events += [make_event("completed", item_id=name) for name in completions]
    return StoredLane(
        head=make_head(),
        items=[
            make_item(
                item_id=name,
                state=ItemState.COMPLETED if name in stored else ItemState.IN_PROGRESS,
            )
            for name in dict.fromkeys((*NAMES, *stored))
        ],
        rows=[LogRow(offset=0, entries=tuple(events))],
    )


def test_a_job_whose_items_were_all_completed_once_has_no_wrongs() -> None:
    lanes = [make_lane(), replace(make_lane(), items=[], rows=[])]

    assert count_errors(lanes, NAMES, 3, events=1) == CountErrors(0, 0, 1)


@pytest.mark.parametrize(
    ("lane", "counted", "events", "errors"),
    [
        (make_lane(), 2, 1, CountErrors(1, 0, 1)),
        (make_lane(stored=("a", "b")), 3, 1, CountErrors(1, 0, 1)),
        (make_lane(completions=("a",)), 3, 1, CountErrors(2, 0, 1)),
        (make_lane(completions="abcab"), 3, 1, CountErrors(0, 2, 1)),
        (make_lane(), 4, 1, CountErrors(0, 1, 1)),
        (make_lane(stored="abcd"), 3, 1, CountErrors(0, 1, 1)),
        (replace(make_lane(), items=[*make_lane().items, make_item()]), 3, 1, CountErrors(0, 1, 1)),
        (make_lane(), 3, 3, CountErrors(0, 2, 3)),
    ],
)
def test_what_is_missing_is_lost_and_what_is_too_much_is_doubled(
    lane: StoredLane, counted: int, events: int, errors: CountErrors
) -> None:
    assert count_errors([lane], NAMES, counted, events) == errors
