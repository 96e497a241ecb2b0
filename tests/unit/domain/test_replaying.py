"""From the journal alone: head, items and counts."""

from forgeledger.domain.commands import Recount
from forgeledger.domain.items import Failure
from forgeledger.domain.journal import evolve_item
from forgeledger.domain.lanes import Counts, LaneMode
from forgeledger.domain.replaying import count, replay
from tests.builders import make_event, make_head
from tests.lane_model import LaneModel, make_lane


def busy_lane() -> LaneModel:
    lane = make_lane(max_attempts=2, lease_seconds=60)
    for name in ("a", "b", "c", "d", "e"):
        lane.do("register", name)
    lane.do("claim", "a")
    lane.do("heartbeat", "a")
    lane.do("complete", "a")
    lane.do("claim", "b")
    lane.wait(60)
    lane.do("expire", "b")
    lane.do("fail", "c", failure=Failure(type="Boom", retryable=False))
    lane.do("complete", "nobody")
    lane.follow(LaneMode.CLOSED)
    lane.do("claim", "d")
    lane.follow(LaneMode.OPEN)
    lane.do("retry", "c")
    lane.do("release", "c")
    return lane


def test_replaying_the_journal_gives_the_head_and_the_items():
    lane = busy_lane()

    head, items = replay(lane.genesis, lane.events)

    assert (head, items) == (lane.head, lane.items)


def test_a_journal_is_replayed_over_a_recount():
    lane = busy_lane()
    lane.apply([Recount(counts=Counts(pending=9), failures=())])
    lane.do("register", "f")

    head, _ = replay(lane.genesis, lane.events)

    assert head == lane.head
    assert head.counts == Counts(pending=10)


def test_counting_the_items_gives_what_the_head_says():
    lane = busy_lane()

    counts, failures = count(lane.head, lane.items.values())

    assert counts == lane.head.counts
    assert dict(failures) == {name: number for name, number in lane.head.failures if number}


def test_counting_heals_a_head_that_lost_everything():
    lane = make_lane()
    for name in ("a", "b"):
        lane.do("register", name)
        lane.do("fail", name, failure=Failure(type="Boom"))

    counts, failures = count(make_head(), lane.items.values())

    assert counts == Counts(failed=2, failings=2)
    assert failures == (("Boom", 2),)


def test_an_event_of_an_item_that_is_not_known_leaves_it_unknown():
    assert evolve_item(None, make_event("rejected"), 3) is None


def test_an_event_of_the_lane_leaves_items_as_they_are():
    assert evolve_item(None, make_event("gated", item_id=None), 3) is None
