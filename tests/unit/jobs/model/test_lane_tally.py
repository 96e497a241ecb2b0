"""A lane's counts, recomputed from its items, also while they change."""

import pytest

from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lane_tally import Tally, count
from forgeledger.jobs.model.lanes import Counts, LaneMode
from tests.support.builders import make_head
from tests.support.lane_model import LaneModel, busy_lane, make_lane


def test_counting_the_items_gives_what_the_head_says():
    lane = busy_lane()

    counted = count(lane.head, lane.items.values())

    assert counted.retrying > 0
    assert counted.agrees_with(lane.head)


def test_counting_heals_a_head_that_lost_everything():
    lane = make_lane()
    for name in ("a", "b"):
        lane.do("register", name)
        lane.do("fail", name, failure=Failure(type="Boom"))
    lane.do("retry", "b")

    counted = count(make_head(), lane.items.values())

    assert counted.counts == Counts(pending=1, failed=1, failings=1)
    assert counted.failures == (("Boom", 1),)
    assert counted.retrying == 1


def complete_both(lane: LaneModel) -> None:
    lane.do("complete", "a")
    lane.do("complete", "b")


def fail_both(lane: LaneModel) -> None:
    failure = Failure(type="Boom", message="m" * 99, retryable=False)
    lane.do("fail", "a", failure=failure)
    lane.do("fail", "b", failure=failure)


def register_before_and_after(lane: LaneModel) -> None:
    lane.do("register", "aa")
    lane.do("register", "c")


def close_and_open_again(lane: LaneModel) -> None:
    lane.follow(LaneMode.CLOSED)
    lane.follow(LaneMode.OPEN)
    lane.do("claim", "a")
    lane.do("register", "c")


@pytest.mark.parametrize(
    "change", [complete_both, fail_both, register_before_and_after, close_and_open_again]
)
@pytest.mark.parametrize("when", ["before the first", "between the two", "after the last"])
def test_items_that_change_while_they_are_read_are_counted_as_they_then_stand(change, when):
    lane = make_lane()
    for name in ("a", "b"):
        lane.do("register", name)
    tally = Tally(lane.head)

    for moment in ("before the first", "a", "between the two", "b", "after the last"):
        if moment == when:
            change(lane)
        elif moment in lane.items:
            tally.add(lane.items[moment])
    tally.follow(lane.events[tally.head.offset :])

    assert tally.counted(lane.head).agrees_with(lane.head)


def test_what_counting_does_not_need_is_not_held_in_memory():
    lane = make_lane()
    lane.do("register", "a", payload="p" * 9_999)
    lane.do("fail", "a", failure=Failure(type="Boom", message="m" * 999, retryable=False))
    tally = Tally(lane.head)

    tally.add(lane.items["a"])

    assert len(repr(tally.items["a"])) < 600
