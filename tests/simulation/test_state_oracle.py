"""The oracle of states agrees with the product, and names every difference."""

from dataclasses import replace
from typing import Any

import pytest

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.events import Event, EventKind, evolve_head, evolve_item
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode, LaneRules
from forgeledger.jobs.model.outcomes import Reason
from tests.simulation.state_oracle import effective_item, wrong_head, wrong_item

HEAD = Head(
    job_id=make_job_id(0, 0, 1),
    lane=0,
    rules=LaneRules(lease_seconds=20),
    counts=Counts(in_progress=1),
    offset=7,
)
CLAIMED = Item(
    item_id="a",
    state=ItemState.IN_PROGRESS,
    attempt=2,
    worker_id="w1",
    lease_until=9_000,
    payload='"a"',
    offset=3,
)
HEARTBEAT = Event(kind=EventKind.HEARTBEAT, at=5_000, item_id="a", previous=3, lease_until=25_000)


def a_command(kind: str, **fields: Any) -> Command:
    return Command(kind=CommandKind(kind), item_id="a", command_id="c1", **fields)


def failed(number: int, error_type: str) -> Item:
    """An item that failed for good with this error type."""
    return Item(item_id=f"{number}", state=ItemState.FAILED, failure=Failure(type=error_type))


def test_a_heartbeat_extends_the_lease_and_changes_nothing_else() -> None:
    after = evolve_item(CLAIMED, HEARTBEAT, 7)

    assert wrong_item(HEAD, CLAIMED, a_command("heartbeat"), HEARTBEAT, after) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": ItemState.PENDING},
        {"attempt": 3},
        {"forgiven": 1},
        {"failed_attempt": 2},
        {"worker_id": "w2"},
        {"lease_until": 9_000},
        {"due_at": 9_000},
        {"payload": None},
        {"result": "1"},
        {"failure": Failure(type="Error")},
        {"created_at": 5_000},
        {"claimed_at": 5_000},
        {"finished_at": 5_000},
        {"updated_at": 0},
        {"offset": 3},
        {"seen": ("c1",)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_whatever_else_an_event_changes_is_named(wrong: dict[str, Any]) -> None:
    after = evolve_item(CLAIMED, HEARTBEAT, 7)
    assert after is not None

    difference = wrong_item(
        HEAD, CLAIMED, a_command("heartbeat"), HEARTBEAT, replace(after, **wrong)
    )

    assert difference is not None
    assert difference.startswith(f"{next(iter(wrong))} is ")


def test_a_heartbeat_never_shortens_a_lease() -> None:
    long = replace(CLAIMED, lease_until=90_000)
    shortened = evolve_item(long, HEARTBEAT, 7)

    difference = wrong_item(HEAD, long, a_command("heartbeat"), HEARTBEAT, shortened)

    assert difference == "lease_until is 25000, not 90000"


def test_an_item_remembers_its_latest_32_commands_and_why_they_were_refused() -> None:
    item: Item | None = CLAIMED
    for number in range(80):
        reason = Reason.LEASE_HELD if number % 2 else None
        kind = EventKind.REJECTED if reason else EventKind.DUPLICATE
        event = Event(kind=kind, at=5_000, item_id="a", mark=f"mark{number:04d}", reason=reason)
        before, item = item, evolve_item(item, event, 7)
        assert wrong_item(HEAD, before, a_command("claim"), event, item) is None

    assert item is not None
    assert len(item.seen) == 64
    assert item.seen[-1] == "mark0079lease_held"


def test_an_item_that_expired_keeps_the_worker_that_had_it() -> None:
    lease_over = Failure(type="LeaseExpired")
    event = Event(
        kind=EventKind.EXPIRED,
        at=9_000,
        item_id="a",
        mark="AAAAAAAA",
        attempt=2,
        failure=lease_over,
        due_at=9_500,
    )
    command = a_command("expire", worker_id="the one that found it out")

    assert wrong_item(HEAD, CLAIMED, command, event, evolve_item(CLAIMED, event, 7)) is None


def test_a_refused_command_leaves_no_item_behind() -> None:
    event = Event(kind=EventKind.REJECTED, at=5_000, item_id="a")

    assert wrong_item(HEAD, None, a_command("complete"), event, None) is None
    assert wrong_item(HEAD, None, a_command("complete"), event, CLAIMED) is not None


def test_what_was_unfinished_when_its_lane_closed_is_canceled_without_a_worker() -> None:
    closed = replace(HEAD, canceled_below=4)
    claimed_after = replace(CLAIMED, offset=4)

    canceled = effective_item(closed, CLAIMED)

    assert (canceled.state, canceled.lease_until) == (ItemState.CANCELED, None)
    assert effective_item(closed, claimed_after) == claimed_after


def test_types_of_error_that_come_late_are_counted_together_and_taken_back_together() -> None:
    types = ["E" * 40, "E" * 60, *(f"Error{number}" for number in range(14)), "Error13"]
    items = [failed(number, name) for number, name in enumerate(types)]
    head = replace(HEAD, counts=Counts(pending=len(items)))

    for item in items:
        head = follow(head, replace(item, state=ItemState.PENDING), item)
    counted = dict(head.failures)
    for item in items:
        head = follow(head, item, replace(item, state=ItemState.PENDING))

    by_name = {f"Error{number}": 1 for number in range(9)}
    assert counted == {"E" * 40: 2, **by_name, "(other)": 6}
    assert set(dict(head.failures).values()) == {0}
    assert head.counts == Counts(pending=len(items), failings=len(items))


def follow(head: Head, old: Item, new: Item) -> Head:
    """The product's next head, which the oracle must accept."""
    event = Event(kind=EventKind.FAILED, at=0, item_id=new.item_id)
    after = evolve_head(head, event, old, new)
    assert wrong_head(head, event, old, new, after) is None
    return after


@pytest.mark.parametrize(
    "wrong",
    [
        {"offset": 7},
        {"counts": Counts(canceled=1, failings=1)},
        {"counts": Counts(in_progress=1)},
        {"failures": (("Error", 1),)},
        {"mode": LaneMode.SEALED},
        {"gate": 1},
        {"canceled_below": 7},
        {"rules": LaneRules()},
    ],
)
def test_a_head_that_closes_otherwise_than_it_should_is_reported(wrong: dict[str, Any]) -> None:
    event = Event(kind=EventKind.GATED, at=0, gate=2, mode=LaneMode.CLOSED)
    after = evolve_head(HEAD, event, None, None)

    assert wrong_head(HEAD, event, None, None, after) is None
    assert wrong_head(HEAD, event, None, None, replace(after, **wrong)) is not None


def test_a_lane_does_not_follow_a_gate_that_is_behind_it() -> None:
    head = replace(HEAD, gate=2)
    event = Event(kind=EventKind.GATED, at=0, gate=2, mode=LaneMode.OPEN)

    difference = wrong_head(head, event, None, None, evolve_head(head, event, None, None))

    assert difference == "followed gate 2 after gate 2"
