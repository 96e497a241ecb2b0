"""Redelivered commands: the first decision stands."""

import pytest

from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.limits import COMMANDS_REMEMBERED_PER_ITEM
from tests.support.builders import make_command
from tests.support.lane_model import make_lane


def test_a_redelivered_command_writes_nothing():
    lane = make_lane(max_attempts=5)
    lane.do("register")
    lane.do("fail", command_id="fails")

    again = lane.apply([make_command("fail", command_id="fails")])

    assert again.commits == ()
    assert again.outcomes[0].kind == "duplicate"
    assert again.outcomes[0].item == lane.item()


def test_a_redelivered_refusal_is_refused_again_even_if_it_would_now_be_granted():
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1")
    lane.do("claim", worker_id="w-2", command_id="lost")
    lane.do("release")

    again = lane.do("claim", worker_id="w-2", command_id="lost")

    assert (again.kind, again.reason) == ("rejected", "lease_held")
    assert again.item.state is ItemState.PENDING


@pytest.mark.parametrize("attempt", [None, 1])
def test_a_claim_that_comes_again_after_another_took_the_item_over_is_refused(attempt):
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1", attempt=attempt, command_id="claims")
    lane.wait(60)
    lane.do("claim", worker_id="w-2")

    again = lane.apply(
        [make_command("claim", worker_id="w-1", attempt=attempt, command_id="claims")]
    )

    assert again.commits == ()
    assert (again.outcomes[0].kind, again.outcomes[0].reason) == ("rejected", "stale_attempt")
    assert again.outcomes[0].item.worker_id == "w-2"


def test_a_claim_that_comes_again_after_the_same_worker_went_on_to_its_next_attempt_is_refused():
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1", attempt=1, command_id="first")
    lane.do("claim", worker_id="w-1", attempt=2, command_id="second")

    assert lane.do("claim", worker_id="w-1", attempt=1, command_id="first").kind == "rejected"
    assert lane.do("claim", worker_id="w-1", attempt=2, command_id="second").kind == "duplicate"


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (None, ItemState.IN_PROGRESS),
        ("release", ItemState.PENDING),
        ("complete", ItemState.COMPLETED),
        ("fail", ItemState.FAILED),
    ],
)
def test_a_claim_that_comes_again_while_nobody_else_has_the_item_is_a_duplicate(end, state):
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1", command_id="claims")
    if end:
        lane.do(end, worker_id="w-1")

    again = lane.do("claim", worker_id="w-1", command_id="claims")

    assert (again.kind, again.item.state) == ("duplicate", state)


def test_a_command_with_the_id_of_another_kind_is_not_taken_for_it():
    lane = make_lane()
    lane.do("register", command_id="one-id-for-all")
    lane.do("claim", command_id="one-id-for-all")

    outcome = lane.do("complete", command_id="one-id-for-all")

    assert outcome.kind == "applied"


def test_a_command_that_registered_its_item_is_known_again():
    lane = make_lane(max_attempts=5, registers_on_the_way=True)
    lane.do("fail", command_id="first")

    again = lane.do("fail", command_id="first")

    assert again.kind == "duplicate"
    assert len(lane.item().seen) == 1


def test_a_refusal_of_an_unknown_item_is_not_remembered():
    lane = make_lane()
    lane.do("complete", command_id="early")
    lane.do("register")

    outcome = lane.do("complete", command_id="early")

    assert outcome.kind == "applied"


@pytest.mark.parametrize("fields", [{}, {"attempt": 5_000}])
def test_a_refusal_of_an_unknown_item_is_journalled_each_time_and_moves_no_count(fields):
    lane = make_lane(registers_on_the_way="attempt" in fields)
    first = lane.do("complete", command_id="early", **fields)

    again = lane.do("complete", command_id="early", **fields)

    assert (again.kind, again.reason, again.item) == (first.kind, first.reason, None)
    assert [event.kind for event in lane.events] == ["rejected", "rejected"]
    assert len({event.mark for event in lane.events}) == 1
    assert (lane.items, lane.head.counts.total) == ({}, 0)


def test_heartbeats_do_not_push_out_what_is_remembered():
    lane = make_lane(max_attempts=9, lease_seconds=60)
    lane.do("register")
    lane.do("fail", command_id="old")
    lane.do("claim")
    for _ in range(2 * COMMANDS_REMEMBERED_PER_ITEM):
        lane.do("heartbeat")

    assert lane.do("fail", command_id="old").kind == "duplicate"


@pytest.mark.parametrize(
    ("later_commands", "kind"),
    [
        (COMMANDS_REMEMBERED_PER_ITEM - 1, "duplicate"),
        (COMMANDS_REMEMBERED_PER_ITEM, "applied"),
    ],
)
def test_an_item_remembers_a_bounded_number_of_commands(later_commands, kind):
    lane = make_lane(max_attempts=9)
    lane.do("register")
    lane.do("fail", command_id="old")
    for _ in range(later_commands):
        lane.do("release")

    outcome = lane.do("fail", command_id="old")

    assert outcome.kind == kind
    assert len(lane.item().seen) == COMMANDS_REMEMBERED_PER_ITEM
