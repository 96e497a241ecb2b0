"""Claims and reports of a lane that dispatches: a message is for one dispatch of its item."""

from typing import Any

import pytest

from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.lane_decision import decide
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind, Reason
from tests.support.builders import NOW, make_command, make_head, make_item, make_rules

PENDING, IN_PROGRESS = ItemState.PENDING, ItemState.IN_PROGRESS
RULES = make_rules(dispatched=True, lease_seconds=60, max_attempts=9)


def outcome(item: Item, kind: str, **fields: Any) -> Outcome:
    command = make_command(kind, **fields)
    return decide(make_head(rules=RULES), {item.item_id: item}, [command], NOW).outcomes[0]


def held(**fields: Any) -> Item:
    """Claimed by a worker as attempt 5, with the message of dispatch 3."""
    defaults = {"attempt": 5, "dispatch": 3, "worker_id": "w", "lease_until": NOW + 1}
    return make_item(**{"state": IN_PROGRESS, "claimed_at": NOW - 1, **defaults, **fields})


@pytest.mark.parametrize(
    ("dispatch", "attempt", "reason"),
    [
        (3, 3, None),
        (3, 7, None),
        (3, None, None),
        (None, 3, None),
        (None, None, None),
        (2, 3, Reason.STALE_ATTEMPT),
        (2, 9, Reason.STALE_ATTEMPT),
        (None, 2, Reason.STALE_ATTEMPT),
        (4, 4, Reason.UNKNOWN_ATTEMPT),
        (None, 4, Reason.UNKNOWN_ATTEMPT),
    ],
)
def test_a_pending_item_is_granted_to_the_message_of_its_next_dispatch(
    dispatch: int | None, attempt: int | None, reason: Reason | None
) -> None:
    item = make_item(attempt=2)

    claimed = outcome(item, "claim", dispatch=dispatch, attempt=attempt)

    assert claimed.reason is reason
    if reason is None:
        assert claimed.item is not None
        assert (claimed.item.attempt, claimed.item.dispatch) == (max(3, attempt or 0), 3)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dispatch": 3, "attempt": 6}, None),
        ({"dispatch": 3}, None),
        ({"dispatch": 3, "attempt": 5}, Reason.STALE_ATTEMPT),
        ({"dispatch": 2, "attempt": 6}, Reason.STALE_ATTEMPT),
        ({"dispatch": 4, "attempt": 6}, Reason.STALE_ATTEMPT),
        ({"attempt": 6}, Reason.STALE_ATTEMPT),
    ],
)
def test_a_claim_takes_over_by_its_dispatch_and_attempt_once_the_lease_is_over(
    fields: dict[str, int], reason: Reason | None
) -> None:
    over = outcome(held(lease_until=NOW), "claim", worker_id="other", **fields)
    standing = outcome(held(), "claim", worker_id="other", **fields)

    assert over.reason is reason
    assert standing.reason is (reason or Reason.LEASE_HELD)


def test_the_same_claim_again_is_a_duplicate() -> None:
    again = outcome(held(), "claim", worker_id="w", dispatch=3, attempt=5)

    assert again.kind is OutcomeKind.DUPLICATE


def test_a_pending_item_that_is_not_due_is_not_granted_to_its_dispatch_either() -> None:
    early = outcome(make_item(due_at=NOW + 1), "claim", dispatch=1)

    assert early.reason is Reason.NOT_DUE


@pytest.mark.parametrize("kind", ["heartbeat", "complete", "fail", "release"])
@pytest.mark.parametrize("dispatch", [2, 6])
def test_a_report_for_another_dispatch_is_stale(kind: str, dispatch: int) -> None:
    assert outcome(held(), kind, dispatch=dispatch, attempt=5).reason is Reason.STALE_ATTEMPT
    assert outcome(held(), kind, dispatch=3, attempt=5).reason is None


@pytest.mark.parametrize("kind", ["complete", "fail", "release"])
def test_a_pending_item_expects_reports_for_its_next_dispatch(kind: str) -> None:
    item = make_item(attempt=2)

    assert outcome(item, kind, dispatch=2).reason is Reason.STALE_ATTEMPT
    assert outcome(item, kind, dispatch=3).reason is None


def test_jobs_that_do_not_dispatch_ignore_it() -> None:
    head = make_head(rules=make_rules())

    for kind in ("claim", "complete", "fail"):
        command = make_command(kind, dispatch=7)
        [answer] = decide(head, {"invoice-17": make_item(attempt=2)}, [command], NOW).outcomes
        assert answer.reason is None
        assert answer.item is not None
        assert answer.item.dispatch == 0


LOST = Failure(type="WorkerLost", retryable=False)


def test_a_lost_message_fails_the_item_that_waits_for_its_dispatch() -> None:
    lost = outcome(make_item(attempt=2), "fail", dispatch=3, failure=LOST)

    assert lost.item is not None
    assert (lost.item.state, lost.item.attempt) == (ItemState.FAILED, 3)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (held(lease_until=NOW), None),
        (held(), Reason.LEASE_HELD),
        (held(worker_id=None), Reason.LEASE_HELD),
        (held(dispatch=4, lease_until=NOW), Reason.STALE_ATTEMPT),
        (make_item(attempt=5), Reason.STALE_ATTEMPT),
        (make_item(state=ItemState.COMPLETED, attempt=5), Reason.ALREADY_COMPLETED),
    ],
)
def test_a_lost_message_leaves_alone_what_is_not_its_own(item: Item, reason: Reason | None) -> None:
    assert outcome(item, "fail", dispatch=3, failure=LOST).reason is reason


def test_the_worker_that_holds_an_item_may_fail_it_without_an_attempt() -> None:
    assert outcome(held(), "fail", dispatch=3, worker_id="w").reason is None
