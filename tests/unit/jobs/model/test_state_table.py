"""Every command on every state: docs/states.md as a test."""

import pytest

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.items import Failure, ItemState
from forgeledger.jobs.model.lanes import LaneMode
from tests.support.lane_model import LaneModel, make_lane

ITEM = "invoice-17"


def lane_with(state: str) -> LaneModel:
    """A lane whose item came into this state by the shortest way: at most one claim, by w-1."""
    on_the_way = state.endswith("on the way")
    lane = make_lane(max_attempts=2, lease_seconds=60, registers_on_the_way=on_the_way)
    if state.startswith("unknown"):
        return lane
    lane.do("register", ITEM)
    if state == "waiting":
        lane = make_lane(max_attempts=2, backoff_base_seconds=600)
        lane.do("register", ITEM)
    if state not in {"pending", "unknown"}:
        lane.do("claim", ITEM, worker_id="w-1")
    if state == "waiting":
        lane.do("fail", ITEM)
    if state == "failed":
        lane.do("fail", ITEM, failure=Failure(type="Hopeless", retryable=False))
    if state == "lease over":
        lane.wait(60)
    if state == "completed":
        lane.do("complete", ITEM)
    if state == "canceled":
        lane.follow(LaneMode.CLOSED)
    return lane


P, W, C, F, X = (
    ItemState.PENDING,
    ItemState.IN_PROGRESS,
    ItemState.COMPLETED,
    ItemState.FAILED,
    ItemState.CANCELED,
)

# State before, command (by worker w-2), outcome, reason, state after.
TABLE = [
    ("unknown", "register", "applied", None, P),
    ("unknown", "claim", "rejected", "unknown_item", None),
    ("unknown", "heartbeat", "rejected", "unknown_item", None),
    ("unknown", "complete", "rejected", "unknown_item", None),
    ("unknown", "fail", "rejected", "unknown_item", None),
    ("unknown", "release", "rejected", "unknown_item", None),
    ("unknown", "retry", "rejected", "unknown_item", None),
    ("unknown", "expire", "rejected", "unknown_item", None),
    ("unknown", "cancel", "rejected", "unknown_item", None),
    ("unknown, on the way", "register", "applied", None, P),
    ("unknown, on the way", "claim", "applied", None, W),
    ("unknown, on the way", "heartbeat", "rejected", "unknown_item", None),
    ("unknown, on the way", "complete", "applied", None, C),
    ("unknown, on the way", "fail", "applied", None, P),
    ("unknown, on the way", "release", "rejected", "unknown_item", None),
    ("unknown, on the way", "retry", "rejected", "unknown_item", None),
    ("unknown, on the way", "expire", "rejected", "unknown_item", None),
    ("unknown, on the way", "cancel", "rejected", "unknown_item", None),
    ("pending", "register", "duplicate", None, P),
    ("pending", "claim", "applied", None, W),
    ("pending", "heartbeat", "rejected", "not_in_progress", P),
    ("pending", "complete", "applied", None, C),
    ("pending", "fail", "applied", None, P),
    ("pending", "release", "duplicate", None, P),
    ("pending", "retry", "duplicate", None, P),
    ("pending", "expire", "duplicate", None, P),
    ("pending", "cancel", "applied", None, X),
    ("waiting", "register", "duplicate", None, P),
    ("waiting", "claim", "rejected", "not_due", P),
    ("waiting", "heartbeat", "rejected", "not_in_progress", P),
    ("waiting", "complete", "applied", None, C),
    ("waiting", "fail", "applied", None, F),
    ("waiting", "release", "duplicate", None, P),
    ("waiting", "retry", "duplicate", None, P),
    ("waiting", "expire", "duplicate", None, P),
    ("waiting", "cancel", "applied", None, X),
    ("in progress", "register", "duplicate", None, W),
    ("in progress", "claim", "rejected", "lease_held", W),
    ("in progress", "heartbeat", "applied", None, W),
    ("in progress", "complete", "applied", None, C),
    ("in progress", "fail", "applied", None, P),
    ("in progress", "release", "applied", None, P),
    ("in progress", "retry", "rejected", "not_failed", W),
    ("in progress", "expire", "duplicate", None, W),
    ("in progress", "cancel", "applied", None, X),
    ("lease over", "register", "duplicate", None, W),
    ("lease over", "claim", "applied", None, W),
    ("lease over", "heartbeat", "applied", None, W),
    ("lease over", "complete", "applied", None, C),
    ("lease over", "fail", "applied", None, P),
    ("lease over", "release", "applied", None, P),
    ("lease over", "retry", "rejected", "not_failed", W),
    ("lease over", "expire", "applied", None, P),
    ("lease over", "cancel", "applied", None, X),
    ("completed", "register", "duplicate", None, C),
    ("completed", "claim", "rejected", "already_completed", C),
    ("completed", "heartbeat", "rejected", "already_completed", C),
    ("completed", "complete", "duplicate", None, C),
    ("completed", "fail", "rejected", "already_completed", C),
    ("completed", "release", "rejected", "already_completed", C),
    ("completed", "retry", "rejected", "not_failed", C),
    ("completed", "expire", "duplicate", None, C),
    ("completed", "cancel", "rejected", "already_completed", C),
    ("failed", "register", "duplicate", None, F),
    ("failed", "claim", "rejected", "already_failed", F),
    ("failed", "heartbeat", "rejected", "already_failed", F),
    ("failed", "complete", "rejected", "already_failed", F),
    ("failed", "fail", "rejected", "already_failed", F),
    ("failed", "release", "rejected", "already_failed", F),
    ("failed", "retry", "applied", None, P),
    ("failed", "expire", "duplicate", None, F),
    ("failed", "cancel", "rejected", "already_failed", F),
    ("canceled", "register", "duplicate", None, X),
    ("canceled", "claim", "rejected", "already_canceled", X),
    ("canceled", "heartbeat", "rejected", "already_canceled", X),
    ("canceled", "complete", "rejected", "already_canceled", X),
    ("canceled", "fail", "rejected", "already_canceled", X),
    ("canceled", "release", "rejected", "already_canceled", X),
    ("canceled", "retry", "rejected", "not_failed", X),
    ("canceled", "expire", "duplicate", None, X),
    ("canceled", "cancel", "duplicate", None, X),
]


@pytest.mark.parametrize(("state", "kind", "outcome_kind", "reason", "after"), TABLE)
def test_each_command_does_on_each_state_what_the_table_says(
    state, kind, outcome_kind, reason, after
):
    lane = lane_with(state)

    outcome = lane.do(kind, ITEM, worker_id="w-2")

    assert (outcome.kind, outcome.reason) == (outcome_kind, reason)
    assert (outcome.item and outcome.item.state) == after
    assert (lane.item(ITEM).state if after else lane.items.get(ITEM)) == after


def test_the_table_has_a_row_for_every_command_on_every_state():
    states = {row[0] for row in TABLE}

    assert len(TABLE) == len({row[:2] for row in TABLE}) == len(states) * len(CommandKind)


@pytest.mark.parametrize(("state", "kind", "outcome_kind", "reason", "after"), TABLE)
def test_every_answer_but_that_to_a_known_registration_stands_in_the_journal(
    state, kind, outcome_kind, reason, after
):
    lane = lane_with(state)
    before = len(lane.events)

    lane.do(kind, ITEM, worker_id="w-2")

    new_events = lane.events[before:]
    if kind == "register" and outcome_kind == "duplicate":
        assert new_events == []
    else:
        assert new_events[-1].reason == reason
        assert new_events[-1].item_id == ITEM
        assert (new_events[-1].kind == outcome_kind) is (outcome_kind != "applied")


@pytest.mark.parametrize("kind", list(CommandKind))
@pytest.mark.parametrize(
    ("mode", "reason"), [(LaneMode.SEALED, "job_sealed"), (LaneMode.CLOSED, "job_closed")]
)
def test_a_lane_that_is_not_open_takes_no_new_items(kind, mode, reason):
    lane = lane_with("unknown, on the way")
    lane.follow(mode)

    outcome = lane.do(kind, ITEM)

    registers = kind in {"register", "claim", "complete", "fail"}
    assert outcome.kind == "rejected"
    assert outcome.reason == (reason if registers else "unknown_item")
    assert lane.items == {}
    assert lane.head.counts.total == 0


@pytest.mark.parametrize("kind", ["claim", "complete", "fail", "release", "heartbeat"])
def test_a_sealed_lane_goes_on_with_the_items_it_has(kind):
    lane = lane_with("pending" if kind == "claim" else "in progress")
    lane.follow(LaneMode.SEALED)

    outcome = lane.do(kind, ITEM)

    assert outcome.kind == "applied"
