"""Errors that are never retried, waits that the worker names, and the longest attempt."""

from typing import Any

import pytest

from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.lane_decision import decide
from forgeledger.jobs.model.lanes import LaneRules, number_of_type
from tests.support.builders import NOW, make_command, make_head, make_item, make_rules

RETRYING = make_rules(
    max_attempts=3, backoff_base_seconds=30, permanent_errors=(number_of_type("InvalidInvoice"),)
)


def after(kind: str, rules: LaneRules, item: Item, *, now: int = NOW, **fields: Any) -> Item:
    command = make_command(kind, **fields)
    changed = decide(make_head(rules=rules), {item.item_id: item}, [command], now).outcomes[0].item
    assert changed is not None
    return changed


def claimed(**fields: Any) -> Item:
    defaults = {"attempt": 1, "claimed_at": NOW, "lease_until": NOW + 60_000}
    return make_item(state=ItemState.IN_PROGRESS, **{**defaults, **fields})


@pytest.mark.parametrize(
    ("error_type", "state"),
    [("InvalidInvoice", ItemState.FAILED), ("Timeout", ItemState.PENDING)],
)
def test_a_permanent_error_is_final_whatever_attempts_are_left(
    error_type: str, state: ItemState
) -> None:
    failed = after("fail", RETRYING, claimed(), failure=Failure(type=error_type))

    assert failed.state is state
    # What the worker said of it stays.
    assert failed.failure == Failure(type=error_type)


@pytest.mark.parametrize("seconds", [0, 7])
def test_a_failure_waits_as_long_as_its_worker_says(seconds: int) -> None:
    failed = after("fail", RETRYING, claimed(), retry_after_seconds=seconds)

    assert failed.due_at == NOW + seconds * 1000


def test_no_wait_is_named_for_an_item_without_an_attempt_left() -> None:
    failed = after("fail", make_rules(), claimed(), retry_after_seconds=7)

    assert failed.state is ItemState.FAILED


def test_an_expiry_waits_for_the_policys_backoff_alone() -> None:
    overdue = claimed(lease_until=NOW)

    expired = after("expire", RETRYING, overdue, retry_after_seconds=3_600)

    assert expired.due_at is not None
    assert expired.due_at <= NOW + 30_000


RUN = make_rules(lease_seconds=60, run_seconds=100, max_attempts=2)


@pytest.mark.parametrize(
    ("rules", "lease_seconds", "until"),
    [
        (RUN, None, 60),
        (RUN, 500, 100),
        (make_rules(run_seconds=100), None, 100),
        (make_rules(lease_seconds=300, run_seconds=100), None, 100),
    ],
)
def test_no_lease_is_longer_than_an_attempt_may_be(
    rules: LaneRules, lease_seconds: int | None, until: int
) -> None:
    item = after("claim", rules, make_item(), lease_seconds=lease_seconds)

    assert item.lease_until == NOW + until * 1000


@pytest.mark.parametrize(("after_seconds", "until"), [(30, 90), (59, 100), (99, 100)])
def test_a_heartbeat_extends_no_attempt_beyond_its_longest(after_seconds: int, until: int) -> None:
    beaten = after("heartbeat", RUN, claimed(), now=NOW + after_seconds * 1000)

    assert beaten.lease_until == NOW + until * 1000


def test_a_heartbeat_without_a_lease_leaves_that_of_its_item_as_it_is() -> None:
    """The job has none, and the longest attempt is no lease to be extended by."""
    rules = make_rules(run_seconds=100)
    held = claimed(lease_until=NOW + 5_000)

    beaten = after("heartbeat", rules, held, now=NOW + 1_000)

    assert beaten.lease_until == NOW + 5_000


@pytest.mark.parametrize(("lease_seconds", "error_type"), [(60, "LeaseExpired"), (100, "TimedOut")])
def test_an_attempt_that_used_up_its_time_has_timed_out(
    lease_seconds: int, error_type: str
) -> None:
    item = claimed(lease_until=NOW + lease_seconds * 1000)

    expired = after("expire", RUN, item, now=NOW + 200_000)

    assert expired.state is ItemState.PENDING
    assert expired.failure is not None
    assert expired.failure.type == error_type


def test_a_job_may_call_timeouts_permanent() -> None:
    rules = make_rules(
        run_seconds=100, max_attempts=2, permanent_errors=(number_of_type("TimedOut"),)
    )

    expired = after("expire", rules, claimed(lease_until=NOW + 100_000), now=NOW + 100_000)

    assert expired.state is ItemState.FAILED
