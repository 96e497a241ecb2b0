"""Failed items: attempts, backoff and retry; and what is stored of a worker's report."""

import pytest

from forgeledger.jobs.model.items import Failure, ItemState
from forgeledger.jobs.model.jobs import JobPhase
from tests.support.builders import NOW
from tests.support.lane_model import make_lane


def test_a_failure_sends_the_item_back_until_its_attempts_are_used_up():
    lane = make_lane(max_attempts=3)
    lane.do("register")
    states = []

    for _ in range(3):
        lane.do("claim")
        states.append(lane.do("fail").item.state)

    assert states == [ItemState.PENDING, ItemState.PENDING, ItemState.FAILED]


def test_a_failure_that_cannot_be_retried_is_final_at_once():
    lane = make_lane(max_attempts=3)
    lane.do("register")
    lane.do("claim")

    item = lane.do("fail", failure=Failure(type="BadInput", message="no", retryable=False)).item

    assert item.state is ItemState.FAILED
    assert item.failure == Failure(type="BadInput", message="no", retryable=False)
    assert item.finished_at == NOW


def test_a_failure_without_a_claim_is_an_attempt_of_its_own():
    lane = make_lane(max_attempts=2)
    lane.do("register")

    first, second = lane.do("fail").item, lane.do("fail").item

    assert (first.state, first.attempt) == (ItemState.PENDING, 1)
    assert (second.state, second.attempt) == (ItemState.FAILED, 2)


def test_a_failure_is_recorded_once_for_each_attempt():
    lane = make_lane(max_attempts=3)
    lane.do("register")
    lane.do("claim")
    lane.do("fail", attempt=1)

    again = lane.do("fail", attempt=1)

    assert again.kind == "duplicate"
    assert (again.item.state, again.item.failed_attempt) == (ItemState.PENDING, 1)


def test_a_retry_gives_all_attempts_again():
    lane = make_lane(max_attempts=2)
    lane.do("register")
    for _ in range(2):
        lane.do("claim")
        lane.do("fail")

    lane.do("retry")

    lane.do("claim")
    assert lane.do("fail").item.state is ItemState.PENDING
    lane.do("claim")
    assert lane.do("fail").item.state is ItemState.FAILED
    assert lane.head.counts.failings == 2


def test_an_item_that_waits_is_claimed_when_its_time_has_come():
    lane = make_lane(max_attempts=2, backoff_base_seconds=60)
    lane.do("register")
    lane.do("claim")
    due_at = lane.do("fail").item.due_at

    lane.now = due_at - 1
    early = lane.do("claim")
    lane.now = due_at
    due = lane.do("claim")

    assert NOW < due_at < NOW + 60_000
    assert (early.kind, early.reason) == ("rejected", "not_due")
    assert (due.kind, due.item.due_at) == ("applied", None)


@pytest.mark.parametrize(
    ("phase", "kind", "reason"),
    [
        (JobPhase.RUNNING, "applied", None),
        (JobPhase.FINISHED, "applied", None),
        (JobPhase.ENDING, "rejected", "job_closed"),
        (JobPhase.PAST, "rejected", "retention_over"),
        (JobPhase.CANCELED, "rejected", "job_canceled"),
    ],
)
def test_whether_a_failed_item_may_be_retried_depends_on_its_job(phase, kind, reason):
    lane = make_lane()
    lane.do("register")
    lane.do("fail")

    outcome = lane.do("retry", phase=phase)

    assert (outcome.kind, outcome.reason) == (kind, reason)


def test_a_result_and_its_worker_are_stored():
    lane = make_lane()
    lane.do("register", payload='{"n": 1}')
    lane.do("claim", worker_id="w-1")
    lane.wait(3)

    item = lane.do("complete", result='{"pages": 3}').item

    assert (item.payload, item.result, item.worker_id) == ('{"n": 1}', '{"pages": 3}', "w-1")
    assert (item.created_at, item.claimed_at, item.finished_at) == (NOW, NOW, NOW + 3_000)


@pytest.mark.parametrize("unknown", [True, False])
def test_what_a_refused_worker_said_stays_in_the_journal(unknown):
    lane = make_lane()
    if not unknown:
        lane.do("register")
        lane.do("fail")

    lane.do("complete", worker_id="w-9", attempt=1, result='"hours of work"')

    event = lane.events[-1]
    assert (event.kind, event.worker_id, event.attempt) == ("rejected", "w-9", 1)
    assert event.result == '"hours of work"'
