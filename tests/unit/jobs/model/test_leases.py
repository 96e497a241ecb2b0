"""Leases: how long a claim holds, and what follows when it expires."""

import pytest

from forgeledger.jobs.model.item_rules import LEASE_EXPIRED
from forgeledger.jobs.model.items import ItemState
from tests.support.builders import NOW
from tests.support.lane_model import make_lane


@pytest.mark.parametrize(("after_seconds", "kind"), [(59.999, "rejected"), (60, "applied")])
def test_a_lease_holds_until_its_last_moment(after_seconds, kind):
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1")
    lane.wait(after_seconds)

    outcome = lane.do("claim", worker_id="w-2")

    assert outcome.kind == kind


@pytest.mark.parametrize(("requested", "lease_seconds"), [(None, 60), (5, 5), (0, None)])
def test_a_claim_may_ask_for_a_lease_of_its_own(requested, lease_seconds):
    lane = make_lane(lease_seconds=60)
    lane.do("register")

    item = lane.do("claim", lease_seconds=requested).item

    assert item.lease_until == (None if lease_seconds is None else NOW + lease_seconds * 1000)


def test_a_heartbeat_prolongs_the_lease_and_never_shortens_it():
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim")
    lane.wait(30)

    longer = lane.do("heartbeat").item.lease_until
    shorter = lane.do("heartbeat", lease_seconds=1).item.lease_until

    assert longer == shorter == NOW + 90_000


def test_a_heartbeat_after_the_lease_revives_a_claim_that_nobody_took():
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1")
    lane.wait(100)

    lane.do("heartbeat", attempt=1)

    assert lane.do("claim", worker_id="w-2").reason == "lease_held"


def test_a_heartbeat_without_a_lease_leaves_the_claim_as_it_was():
    lane = make_lane()
    lane.do("register")
    lane.do("claim", lease_seconds=60)

    outcome = lane.do("heartbeat")

    assert outcome.item.lease_until == NOW + 60_000


def test_an_expired_lease_counts_as_a_retryable_failure():
    lane = make_lane(max_attempts=2, lease_seconds=60)
    lane.do("register")

    for _ in range(2):
        lane.do("claim", worker_id="w-1")
        lane.wait(60)
        lane.do("expire")

    item = lane.item()
    assert (item.state, item.failed_attempt) == (ItemState.FAILED, 2)
    assert (item.failure, item.worker_id) == (LEASE_EXPIRED, "w-1")
    assert lane.head.failures == (("LeaseExpired", 1),)


def test_a_completion_after_the_lease_expired_still_counts_while_nobody_claimed():
    lane = make_lane(max_attempts=2, lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1")
    lane.wait(60)
    lane.do("expire", attempt=1)

    outcome = lane.do("complete", attempt=1)

    assert outcome.item.state is ItemState.COMPLETED
    assert (outcome.item.failure, outcome.item.due_at) == (None, None)


def test_a_released_attempt_does_not_count():
    lane = make_lane(max_attempts=1)
    lane.do("register")
    lane.do("claim")
    lane.do("release")
    lane.do("claim")
    lane.do("release")
    lane.do("claim")

    item = lane.do("fail").item

    assert (item.state, item.attempt) == (ItemState.FAILED, 3)
    assert item.forgiven == 2


def test_claims_without_a_name_are_not_the_same_claim():
    leased = make_lane(lease_seconds=60)
    free = make_lane()
    for lane in (leased, free):
        lane.do("register")
        lane.do("claim")

    held = leased.do("claim")
    taken_over = free.do("claim")

    assert held.reason == "lease_held"
    assert (taken_over.kind, taken_over.item.attempt) == ("applied", 2)
