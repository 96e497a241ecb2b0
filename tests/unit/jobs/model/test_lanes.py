"""A lane's head: its counts, its modes, and its failures by error type."""

import pytest

from forgeledger.jobs.model.commands import FollowGate, Recount
from forgeledger.jobs.model.items import Failure, ItemState
from forgeledger.jobs.model.lanes import (
    OTHER_ERRORS,
    Counts,
    LaneMode,
    LaneRules,
    count_failure,
    counted_type,
    effective_item,
)
from forgeledger.jobs.model.limits import ERROR_TYPES_PER_LANE
from tests.support.builders import make_command, make_head, make_item
from tests.support.lane_model import LaneModel, make_lane


def lane_with_one_of_each() -> LaneModel:
    lane = make_lane(max_attempts=1)
    for name in ("pending", "in progress", "completed", "failed"):
        lane.do("register", name)
    lane.do("claim", "in progress")
    lane.do("complete", "completed")
    lane.do("fail", "failed")
    return lane


def test_counts_add_up():
    counts = Counts(pending=1, in_progress=2, completed=3, failed=4, canceled=5, failings=6)

    both = counts + counts

    assert both == Counts(pending=2, in_progress=4, completed=6, failed=8, canceled=10, failings=12)
    assert (counts.unfinished, counts.finished, counts.total) == (3, 12, 15)


def test_closing_a_lane_cancels_what_is_unfinished_without_touching_its_items():
    lane = lane_with_one_of_each()
    stored = dict(lane.items)

    lane.follow(LaneMode.CLOSED)

    assert lane.items == stored
    assert lane.head.counts == Counts(canceled=2, completed=1, failed=1, failings=1)
    assert {name: lane.item(name).state for name in stored} == {
        "pending": ItemState.CANCELED,
        "in progress": ItemState.CANCELED,
        "completed": ItemState.COMPLETED,
        "failed": ItemState.FAILED,
    }


def test_a_closing_names_the_one_before_it():
    lane = lane_with_one_of_each()

    for mode in (LaneMode.CLOSED, LaneMode.OPEN, LaneMode.CLOSED, LaneMode.CLOSED):
        lane.follow(mode)

    first, opening, second, third = list(lane.events)[-4:]
    assert [first.previous, opening.previous] == [None, None]
    assert lane.events[second.previous] is first
    assert lane.events[third.previous] is second


def test_a_canceled_item_has_neither_lease_nor_due_time():
    item = make_item(state=ItemState.IN_PROGRESS, offset=4, lease_until=9, due_at=9)

    item = effective_item(make_head(canceled_below=5), item)

    assert (item.state, item.lease_until, item.due_at) == (ItemState.CANCELED, None, None)


def test_an_item_that_moved_after_the_closing_is_not_canceled_by_it():
    item = make_item(state=ItemState.IN_PROGRESS, offset=5)

    assert effective_item(make_head(canceled_below=5), item) is item


def test_a_refused_command_leaves_a_canceled_item_canceled_and_counted_once():
    lane = lane_with_one_of_each()
    lane.follow(LaneMode.CLOSED)
    counts = lane.head.counts

    lane.do("complete", "pending")
    lane.do("claim", "in progress")

    assert lane.head.counts == counts
    assert lane.items["pending"].state is ItemState.CANCELED


def test_items_canceled_once_stay_canceled_when_the_lane_opens_again():
    lane = lane_with_one_of_each()
    lane.follow(LaneMode.CLOSED)
    lane.follow(LaneMode.OPEN)
    lane.do("register", "new")
    lane.do("retry", "failed")

    assert lane.head.counts == Counts(pending=2, completed=1, canceled=2, failings=1)
    assert lane.do("claim", "pending").reason == "already_canceled"


def test_a_lane_closed_again_cancels_what_came_in_between():
    lane = lane_with_one_of_each()
    lane.follow(LaneMode.CLOSED)
    lane.follow(LaneMode.OPEN)
    lane.do("register", "new")
    lane.do("retry", "failed")
    lane.follow(LaneMode.CLOSED)

    assert lane.head.counts == Counts(completed=1, canceled=4, failings=1)
    assert lane.item("new").state is lane.item("failed").state is ItemState.CANCELED


@pytest.mark.parametrize("gate", [0, 1, 2])
def test_a_gate_that_was_followed_already_changes_nothing(gate):
    lane = lane_with_one_of_each()
    lane.apply([FollowGate(gate=2, mode=LaneMode.SEALED)])
    head = lane.head

    decision = lane.apply([FollowGate(gate=gate, mode=LaneMode.CLOSED)])

    assert decision.outcomes[0].kind == "duplicate"
    assert (decision.commits, lane.head) == ((), head)


def test_a_lane_may_skip_gates():
    lane = lane_with_one_of_each()

    lane.apply([FollowGate(gate=7, mode=LaneMode.CLOSED)])

    assert (lane.head.gate, lane.head.mode) == (7, LaneMode.CLOSED)


def test_a_recount_sets_the_head_right():
    lane = lane_with_one_of_each()
    counts = Counts(pending=3, failed=1, failings=1)

    decision = lane.apply([Recount(counts=counts, failures=(("Boom", 1),), retrying=2)])

    assert decision.outcomes[0].kind == "applied"
    assert (lane.head.counts, lane.head.failures) == (counts, (("Boom", 1),))
    assert lane.head.sums.retrying == 2


def test_failures_are_counted_by_type_as_items_fail_and_are_retried():
    lane = make_lane()
    for name, error_type in (("a", "Boom"), ("b", "Boom"), ("c", "Bang")):
        lane.do("register", name)
        lane.do("fail", name, failure=Failure(type=error_type))
    lane.do("retry", "a")

    assert lane.head.failures == (("Boom", 1), ("Bang", 1))


def test_a_failure_without_a_word_has_a_type_too():
    lane = make_lane()
    lane.do("register")
    lane.do("fail", failure=None)

    assert lane.head.failures == (("Error", 1),)


def test_a_lane_counts_a_bounded_number_of_types_by_name():
    failures: tuple[tuple[str, int], ...] = ()
    for number in range(3 * ERROR_TYPES_PER_LANE):
        failures = count_failure(failures, f"Error{number}", 1)

    assert len(failures) == ERROR_TYPES_PER_LANE + 1
    assert failures[-1] == (OTHER_ERRORS, 2 * ERROR_TYPES_PER_LANE)


def test_a_type_is_taken_back_from_where_it_was_counted():
    failures: tuple[tuple[str, int], ...] = ()
    names = [f"Error{number}" for number in range(ERROR_TYPES_PER_LANE + 2)]
    for name in names:
        failures = count_failure(failures, name, 1)
    for name in names:
        failures = count_failure(failures, name, -1)

    assert {number for _, number in failures} == {0}


def test_a_type_with_a_long_name_is_counted_by_its_beginning():
    failures = count_failure(count_failure((), "E" * 40 + "1", 1), "E" * 40 + "2", 1)

    assert failures == (("E" * 40, 2),)


@pytest.mark.parametrize(
    ("error_type", "counted"),
    [
        ("", ""),
        ("Boom", "Boom"),
        ("E" * 40, "E" * 40),
        ("é" * 21, "é" * 20),
        ("x" + "é" * 20, "x" + "é" * 19),
        ("字" * 14, "字" * 13),
        ("x" * 37 + "😀", "x" * 37),
        ("x" * 36 + "😀", "x" * 36 + "😀"),
        ('"' * 30, '"' * 20),
        ("\x01" * 30, "\x01" * 6),
    ],
)
def test_a_type_is_cut_to_forty_bytes_of_the_row_at_a_character(error_type, counted):
    assert counted_type(error_type) == counted


def test_the_head_does_not_grow_with_types_of_error():
    lane = make_lane()
    for number in range(50):
        name = f"item-{number}"
        lane.apply(
            [
                make_command("register", item_id=name),
                make_command("fail", item_id=name, failure=Failure(type=f"E{number}" * 99)),
            ]
        )

    assert sum(number for _, number in lane.head.failures) == lane.head.counts.failed == 50
    assert len(repr(lane.head.failures)) < 1_000


@pytest.mark.parametrize(
    ("failures", "jitter", "wait_ms"),
    [
        (1, 0.0, 0),
        (1, 0.5, 1_000),
        (2, 0.5, 2_000),
        (3, 0.5, 4_000),
        (3, 0.999, 7_992),
        (8, 0.5, 128_000),
        (9, 0.5, 150_000),
        (1_000_000_000, 0.5, 150_000),
        (0, 0.5, 500),
    ],
)
def test_the_wait_doubles_with_each_attempt_up_to_the_cap(failures, jitter, wait_ms):
    rules = LaneRules(max_attempts=2**40, backoff_base_seconds=2, backoff_cap_seconds=300)

    assert rules.retry_wait_ms(failures, jitter) == wait_ms


@pytest.mark.parametrize("base_seconds", [0, -1])
def test_without_a_base_nothing_waits(base_seconds):
    rules = LaneRules(max_attempts=8, backoff_base_seconds=base_seconds)

    assert rules.retry_wait_ms(7, 0.99) == 0


@pytest.mark.parametrize(("failures", "wait_ms"), [(2, 0), (3, None), (4, None)])
def test_after_the_last_attempt_there_is_no_wait(failures, wait_ms):
    assert LaneRules(max_attempts=3).retry_wait_ms(failures, 0.5) == wait_ms
