"""What a flight takes, by the rows that it is given."""

import pytest

from forgeledger.execution.model.flight import FLIGHT_DUE_ROWS, FlightPlan, handed_out
from forgeledger.execution.model.work import LaneWork, Work
from forgeledger.jobs.model.due_rows import DueRow
from forgeledger.jobs.model.lanes import Counts, Head
from forgeledger.jobs.model.sums import Sums
from forgeledger.journal.model.log_row import LogRow
from tests.support.builders import JOB_ID, NOW, make_event, make_head


def plan_of(
    head: Head, at: LaneWork | None = None, window: int = 100, most: int = 100
) -> FlightPlan:
    work = Work(job_id=JOB_ID, lanes=(at or LaneWork(),), version=1)
    return FlightPlan(work=work, heads=(head,), window=window, most=most, due_until=NOW)


def due_row(offset: int, due_at: int = NOW) -> DueRow:
    return DueRow(due_at=due_at, offset=offset, item_id=f"i{offset}", attempt=2)


def registered(number: int, **fields: object) -> LogRow:
    events = tuple(make_event(item_id=f"i{n}", **fields) for n in range(number))
    return LogRow(offset=0, entries=events)


def test_a_due_row_that_the_head_does_not_cover_waits_for_the_next_look() -> None:
    plan = plan_of(make_head(offset=5, sums=Sums(again=2)))

    plan.add_due_rows(0, [due_row(4), due_row(5)])

    assert [row.offset for _, row in plan.due] == [4]
    assert plan.lanes[0].next_due == NOW


def test_a_head_older_than_the_work_row_leaves_its_due_rows_alone() -> None:
    """It may be from before a closing, which has resolved the rows' items."""
    plan = plan_of(make_head(offset=5, sums=Sums(again=1)), LaneWork(taken=6, sent=6, handed=6))

    assert plan.lanes_with_due_rows() == []


def test_a_flight_takes_a_bounded_number_of_due_rows() -> None:
    plan = plan_of(make_head(offset=999, sums=Sums(again=99)))

    plan.add_due_rows(0, [due_row(n) for n in range(FLIGHT_DUE_ROWS + 3)])

    assert len(plan.due) == plan.lanes[0].handed == FLIGHT_DUE_ROWS


def test_due_rows_come_before_registrations() -> None:
    plan = plan_of(make_head(offset=3, sums=Sums(again=1)), LaneWork(handed=1), window=2)

    plan.add_due_rows(0, [due_row(2)])
    has_room = plan.pass_rows(0, [registered(3)])

    assert not has_room
    assert [handout.item_id for handout in plan.handouts] == ["i0"]
    assert plan.lanes[0].taken == 1


def test_what_is_registered_after_the_head_was_read_is_not_passed() -> None:
    plan = plan_of(make_head(offset=2))

    plan.pass_rows(0, [registered(3)])

    assert plan.lanes[0].taken == 2
    assert len(plan.handouts) == 2


def test_large_payloads_end_a_flight_early() -> None:
    plan = plan_of(make_head(offset=1_000), window=10**6, most=10**6)

    plan.pass_rows(0, [registered(1_000, payload='"' + "x" * 32_000 + '"')])

    assert 400 < len(plan.handouts) < 600


@pytest.mark.parametrize("number", [1, 2, 3])
def test_heads_read_at_different_moments_never_give_too_few(number: int) -> None:
    """Finishing and going back to PENDING only add up."""
    lanes = (LaneWork(handed=3),)
    earlier = make_head(counts=Counts(completed=number), sums=Sums(again=0))
    later = make_head(counts=Counts(completed=number), sums=Sums(again=1))

    assert handed_out(lanes, (earlier,)) >= handed_out(lanes, (later,))


def test_an_old_row_is_written_again_before_it_expires() -> None:
    plan = plan_of(make_head(offset=0))

    assert plan.reservation("me", NOW, renew_after_ms=NOW + 1) is None
    renewed = plan.reservation("me", NOW, renew_after_ms=NOW)
    assert renewed is not None
    assert renewed.taken_at == NOW
    assert not renewed.in_flight
