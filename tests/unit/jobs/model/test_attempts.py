"""Attempts: who owns an item, and how a former owner is fenced off."""

import pytest

from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.limits import ATTEMPTS_AHEAD
from tests.support.lane_model import LaneModel, make_lane


def claimed_twice(**rules: object) -> LaneModel:
    """Attempt 1 was released; attempt 2 is in progress by w-2."""
    lane = make_lane(**rules)
    lane.do("register")
    lane.do("claim", worker_id="w-1")
    lane.do("release", attempt=1)
    lane.do("claim", worker_id="w-2")
    return lane


@pytest.mark.parametrize("kind", ["claim", "heartbeat", "complete", "fail", "release"])
def test_a_former_owner_is_refused(kind):
    lane = claimed_twice(lease_seconds=60)

    outcome = lane.do(kind, attempt=1, worker_id="w-1")

    assert (outcome.kind, outcome.reason) == ("rejected", "stale_attempt")
    assert outcome.item.state is ItemState.IN_PROGRESS
    assert (outcome.item.attempt, outcome.item.worker_id) == (2, "w-2")


def test_an_expiry_of_a_former_attempt_does_nothing():
    lane = claimed_twice(lease_seconds=60)
    lane.wait(60)

    outcome = lane.do("expire", attempt=1)

    assert outcome.kind == "duplicate"
    assert outcome.item.state is ItemState.IN_PROGRESS


def test_a_retry_of_a_failure_that_is_not_the_latest_is_refused():
    lane = claimed_twice()
    lane.do("fail", attempt=2)

    outcome = lane.do("retry", attempt=1)

    assert (outcome.kind, outcome.reason) == ("rejected", "stale_attempt")
    assert lane.do("retry", attempt=2).kind == "applied"


@pytest.mark.parametrize("kind", ["heartbeat", "complete", "fail", "release"])
def test_a_command_without_an_attempt_is_not_fenced(kind):
    lane = claimed_twice()

    outcome = lane.do(kind, worker_id="w-1")

    assert outcome.kind == "applied"


@pytest.mark.parametrize("kind", ["heartbeat", "release"])
def test_an_attempt_that_the_ledger_does_not_know_yet_holds_nothing(kind):
    lane = claimed_twice()

    outcome = lane.do(kind, attempt=3)

    assert (outcome.kind, outcome.reason) == ("rejected", "unknown_attempt")


@pytest.mark.parametrize("kind", ["claim", "complete", "fail"])
def test_an_attempt_that_no_delivery_can_have_fences_nobody_off(kind):
    lane = make_lane(max_attempts=3)
    lane.do("register")

    outcome = lane.do(kind, attempt=ATTEMPTS_AHEAD + 1, worker_id="w-?")

    assert (outcome.kind, outcome.reason) == ("rejected", "unknown_attempt")
    assert lane.do("claim", attempt=1, worker_id="w-1").kind == "applied"
    assert lane.do("complete", attempt=1, worker_id="w-1").kind == "applied"


@pytest.mark.parametrize("kind", ["claim", "complete", "fail"])
def test_deliveries_that_died_before_they_said_anything_do_not_shut_out_the_next(kind):
    lane = claimed_twice(max_attempts=3)

    outcome = lane.do(kind, attempt=2 + ATTEMPTS_AHEAD, worker_id="w-3")

    assert outcome.kind == "applied"
    assert outcome.item.attempt == 2 + ATTEMPTS_AHEAD


@pytest.mark.parametrize("kind", ["claim", "complete", "fail"])
def test_an_impossible_attempt_makes_no_item_known(kind):
    lane = make_lane(registers_on_the_way=True)

    refused = lane.do(kind, attempt=ATTEMPTS_AHEAD + 1)

    assert (refused.reason, refused.item) == ("unknown_attempt", None)
    assert lane.head.counts.total == 0
    assert lane.do(kind, attempt=ATTEMPTS_AHEAD).kind == "applied"


def test_a_complete_may_overtake_its_claim():
    lane = make_lane()
    lane.do("register")

    complete = lane.do("complete", attempt=1, worker_id="w-1")
    claim = lane.do("claim", attempt=1, worker_id="w-1")

    assert (complete.kind, complete.item.attempt) == ("applied", 1)
    assert (claim.kind, claim.reason) == ("rejected", "already_completed")


@pytest.mark.parametrize(
    ("kind", "state"), [("complete", ItemState.COMPLETED), ("fail", ItemState.FAILED)]
)
def test_an_end_reported_by_a_later_attempt_is_accepted(kind, state):
    lane = claimed_twice()

    outcome = lane.do(kind, attempt=5, worker_id="w-5")

    assert outcome.kind == "applied"
    assert (outcome.item.state, outcome.item.attempt) == (state, 5)


def test_a_claim_may_name_the_attempt_it_makes():
    lane = claimed_twice()
    lane.do("release", attempt=2)

    stale = lane.do("claim", attempt=2, worker_id="w-2")
    fresh = lane.do("claim", attempt=3, worker_id="w-3")

    assert (stale.kind, stale.reason) == ("rejected", "stale_attempt")
    assert (fresh.kind, fresh.item.attempt) == ("applied", 3)


def test_the_same_worker_claiming_again_holds_the_item_already():
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1")

    outcome = lane.do("claim", worker_id="w-1")

    assert outcome.kind == "duplicate"
    assert outcome.item.attempt == 1


def test_the_same_worker_may_go_on_to_its_next_attempt():
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1", attempt=1)

    outcome = lane.do("claim", worker_id="w-1", attempt=2)

    assert (outcome.kind, outcome.item.attempt) == ("applied", 2)


def test_without_leases_another_worker_takes_an_item_over():
    lane = make_lane()
    lane.do("register")
    lane.do("claim", worker_id="w-1")

    outcome = lane.do("claim", worker_id="w-2")

    assert outcome.kind == "applied"
    assert (outcome.item.attempt, outcome.item.worker_id) == (2, "w-2")
    assert outcome.item.lease_until is None


def test_a_former_owner_cannot_cancel_the_item():
    lane = make_lane()
    lane.do("register")
    lane.do("claim", worker_id="w-1")
    lane.do("claim", worker_id="w-2")

    outcome = lane.do("cancel", attempt=1)

    assert (outcome.kind, outcome.reason) == ("rejected", "stale_attempt")
    assert lane.do("cancel", attempt=2).kind == "applied"
