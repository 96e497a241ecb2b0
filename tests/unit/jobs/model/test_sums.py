"""What a lane's sums count, and how long they say things took."""

import pytest

from forgeledger.jobs.model.commands import Resume
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.jobs import JobPhase
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.model.sums import Sums
from tests.support.lane_model import LaneModel, make_lane
from tests.support.sums_fold import SumsFold

FINAL = Failure(type="Boom", retryable=False)


def lane_with_a_failed_attempt(**rules: object) -> LaneModel:
    """Its item was claimed once, failed, and is due for its second attempt."""
    lane = make_lane(**{"max_attempts": 2, "lease_seconds": 60, **rules})
    lane.do("register")
    lane.do("claim")
    lane.do("fail")
    return lane


def retrying(lane: LaneModel) -> int:
    return lane.head.sums.retrying


def test_what_happens_to_items_is_counted_by_its_kind():
    lane = make_lane(max_attempts=3, lease_seconds=60)
    lane.do("register")
    lane.do("claim")
    lane.do("release")
    lane.do("claim")
    lane.do("fail")
    lane.do("claim")
    lane.wait(60)
    lane.do("expire")
    lane.do("claim")
    lane.do("fail", failure=FINAL)
    lane.do("retry")

    sums = lane.head.sums

    assert (sums.claims, sums.failures, sums.expired, sums.released) == (4, 2, 1, 1)
    assert sums.again == 4, "a release, a failure, an expiry and a retry"


def test_only_what_was_applied_is_counted():
    lane = make_lane(lease_seconds=60)
    lane.do("register")
    lane.do("claim", worker_id="w-1")
    before = lane.head.sums

    lane.do("claim", worker_id="w-1")
    lane.do("claim", worker_id="w-2")
    lane.do("heartbeat")
    lane.do("expire")
    lane.do("fail", attempt=2_000)
    lane.do("complete", "unknown")

    assert lane.head.sums == before == Sums(claims=1)


def test_the_time_in_work_ends_with_what_ends_the_claim():
    lane = make_lane(max_attempts=9, lease_seconds=5)
    lane.do("register")
    for how in ("complete", "fail", "release", "expire"):
        lane.do("register", how)
        lane.do("claim", how)
    lane.wait(10)
    for how in ("complete", "fail", "release", "expire"):
        lane.do(how, how)
    lane.wait(100)

    assert lane.head.sums.run_ms == 4 * 10_000


def test_who_takes_an_item_over_ends_the_time_of_its_former_owner():
    lane = make_lane()
    lane.do("register")
    lane.do("claim", worker_id="w-1")
    lane.wait(7)
    lane.do("claim", worker_id="w-2")
    lane.wait(3)
    lane.do("complete")

    assert lane.head.sums.run_ms == 10_000
    assert lane.head.sums.queue_ms == 0


def test_what_was_never_claimed_took_no_time():
    lane = make_lane()
    lane.do("register")
    lane.wait(9)
    lane.do("complete")

    assert lane.head.sums == Sums()


def test_a_claim_that_a_closing_ended_took_no_time_that_is_known():
    lane = make_lane()
    lane.do("register")
    lane.do("claim")
    lane.wait(9)

    lane.follow(LaneMode.CLOSED)

    assert lane.head.sums == Sums(claims=1)


def test_a_clock_that_is_behind_takes_no_time_away():
    lane = make_lane()
    lane.do("register")
    lane.wait(-2)
    lane.do("claim")
    lane.wait(-2)
    lane.do("complete")

    assert (lane.head.sums.queue_ms, lane.head.sums.run_ms) == (0, 0)


@pytest.mark.parametrize("back", ["release", "retry"])
def test_an_item_waits_since_it_came_back(back):
    lane = make_lane()
    lane.do("register")
    lane.wait(1)
    lane.do("claim")
    if back == "retry":
        lane.do("fail", failure=FINAL)
    lane.wait(500)
    lane.do(back, phase=JobPhase.FINISHED)
    # A command that changes nothing is no new beginning.
    lane.wait(2)
    lane.do(back)
    lane.wait(2)

    lane.do("claim")

    assert lane.head.sums.queue_ms == 1_000 + 4_000
    assert lane.item().pending_since is None


def test_a_resumed_item_waits_since_its_resume_and_is_retrying_again():
    lane = lane_with_a_failed_attempt()
    lane.follow(LaneMode.CLOSED)
    lane.wait(500)
    before = lane.head.sums
    lane.apply([Resume(item_id="invoice-17", gate=lane.head.gate + 1)])
    lane.wait(2)

    lane.do("claim")

    sums = lane.head.sums
    assert (sums.queue_ms - before.queue_ms, sums.again - before.again) == (2_000, 1)
    assert (before.retrying, sums.retrying) == (0, 1)


def test_after_a_failure_an_item_waits_from_its_due_time_on():
    lane = lane_with_a_failed_attempt(backoff_base_seconds=100)
    due_at = lane.item().due_at
    lane.now = due_at + 3_000

    lane.do("claim")

    assert lane.head.sums.queue_ms == 3_000


def test_an_item_is_retrying_from_its_failure_to_its_end():
    lane = lane_with_a_failed_attempt()
    seen = [retrying(lane)]
    for kind in ("claim", "heartbeat", "release", "claim", "complete"):
        lane.do(kind)
        seen.append(retrying(lane))

    assert seen == [1, 1, 1, 1, 1, 0]


def test_an_item_is_retrying_once_however_often_it_fails():
    lane = lane_with_a_failed_attempt(max_attempts=9)
    lane.do("claim")
    lane.do("fail")

    assert retrying(lane) == 1


@pytest.mark.parametrize("final", ["fail", "expire"])
def test_an_item_that_failed_for_good_is_not_retrying(final):
    lane = lane_with_a_failed_attempt()
    lane.do("claim")
    lane.wait(60)

    lane.do(final)

    assert (lane.item().state, retrying(lane)) == ("FAILED", 0)


def test_a_failure_without_a_second_attempt_makes_nothing_retrying():
    lane = make_lane(max_attempts=1)
    lane.do("register")
    lane.do("fail")

    assert retrying(lane) == 0


def test_a_failed_item_that_is_retried_is_retrying_until_it_is_finished():
    lane = make_lane(max_attempts=1)
    lane.do("register")
    lane.do("fail")
    lane.do("retry")
    retried = retrying(lane)
    lane.do("complete")

    assert (retried, retrying(lane)) == (1, 0)


def test_what_a_closing_cancels_is_not_retrying_not_even_after_reopening():
    lane = lane_with_a_failed_attempt()
    lane.do("register", "new")

    lane.follow(LaneMode.CLOSED)
    closed = retrying(lane)
    lane.follow(LaneMode.OPEN)
    lane.do("claim")
    lane.do("complete")
    reopened = retrying(lane)
    lane.do("register", "newer")
    lane.do("claim", "newer")
    lane.do("fail", "newer")

    assert (closed, reopened, retrying(lane)) == (0, 0, 1)


def test_the_sums_of_several_commits_are_those_of_their_journal():
    lane = lane_with_a_failed_attempt()
    lane.wait(1)
    lane.do("claim")
    lane.wait(1)
    lane.do("complete")
    fold = SumsFold()
    for event in lane.events:
        fold.add(event)

    assert len(lane.commits) == 5
    assert lane.head.sums == fold.sums()


def test_a_cancel_ends_the_work_and_the_waiting_for_another_attempt():
    lane = make_lane(max_attempts=3)
    lane.do("register")
    lane.do("fail", attempt=1)
    lane.do("claim")
    lane.wait(5)

    lane.do("cancel")

    assert (lane.head.sums.run_ms, lane.head.sums.retrying) == (5_000, 0)
