"""Head and items, rebuilt from the journal alone."""

from forgeledger.jobs.model.commands import Recount
from forgeledger.jobs.model.events import evolve_item
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.replay import replay
from tests.support.builders import make_event
from tests.support.lane_model import busy_lane


def test_replaying_the_journal_gives_the_head_and_the_items():
    lane = busy_lane()

    head, items = replay(lane.genesis, lane.events)

    assert (head, items) == (lane.head, lane.items)


def test_a_journal_is_replayed_over_a_recount():
    lane = busy_lane()
    lane.apply([Recount(counts=Counts(pending=9), failures=(), retrying=3)])
    lane.do("register", "f")

    head, _ = replay(lane.genesis, lane.events)

    assert head == lane.head
    assert head.counts == Counts(pending=10)
    assert head.sums.retrying == 3


def test_an_event_of_an_item_that_is_not_known_leaves_it_unknown():
    assert evolve_item(None, make_event("rejected"), 3) is None


def test_an_event_of_the_lane_leaves_items_as_they_are():
    assert evolve_item(None, make_event("gated", item_id=None), 3) is None
