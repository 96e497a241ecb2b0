"""Each guarantee is broken here once, and is reported as broken."""

from dataclasses import replace

import pytest

from benchmarks.chaos.chaos_guarantees import check_guarantees, commands_without_effect
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.jobs import JobStatus
from tests.support.builders import make_event
from tests.support.chaos_evidence import (
    EVENT,
    GOOD,
    JOB_ID,
    events_of,
    make_evidence,
    make_fact,
    make_job,
    make_stored,
    with_lane,
)

AGAIN = [*events_of("retried", "a"), *events_of("completed", "a")]


def broken(**overrides: object) -> set[str]:
    guarantees = check_guarantees(make_evidence(**overrides))
    return {guarantee.name for guarantee in guarantees if not guarantee.held}


def test_with_a_good_end_every_guarantee_holds() -> None:
    assert broken() == set()


def test_an_event_that_is_delivered_twice_is_one_completion() -> None:
    assert broken(received_events=[EVENT] * 2) == set()


@pytest.mark.parametrize(
    ("overrides", "guarantee"),
    [
        ({"stored": make_stored(*events_of("registered"), *events_of("completed", "ab"))}, "lost"),
        ({"job": make_job(completed=2)}, "lost"),
        ({"job": make_job(status="COMPLETED_WITH_FAILURES")}, "lost"),
        ({"stored": make_stored(*GOOD.events, status=JobStatus.RUNNING)}, "lost"),
        ({"stored": make_stored(*GOOD.events, *AGAIN)}, "doubled"),
        ({"stored": make_stored(*GOOD.events, *events_of("registered", "d"))}, "doubled"),
        ({"job": make_job(total=4, completed=4)}, "doubled"),
        ({"received_events": []}, "completions"),
        (
            {"received_events": [EVENT, {"detail": {"eventId": f"{JOB_ID}:2:job.completed"}}]},
            "completions",
        ),
        ({"received_events": [{"detail": {"eventId": "of-another-job"}}]}, "completions"),
        ({"stored": replace(GOOD, facts=[])}, "completions"),
        ({"stored": replace(GOOD, facts=[make_fact(), make_fact(number=1)])}, "completions"),
        ({"stored": with_lane(head=replace(GOOD.lanes[0].head, gate=7))}, "drifted lanes"),
        ({"corrected_lanes": [2]}, "drifted lanes"),
        (
            {"messages": {"RejectQueue": 0, "CommandDeadLetterQueue": 1}},
            "messages left in queues",
        ),
        ({"unexpected_exits": 1}, "unexpected worker exits"),
    ],
)
def test_each_guarantee_can_be_broken(overrides: dict[str, object], guarantee: str) -> None:
    assert broken(**overrides) == {guarantee}


def test_a_row_missing_from_the_journal_is_a_gap_that_the_items_reveal() -> None:
    rows = GOOD.lanes[0].rows

    without_a_registration = with_lane(rows=[rows[0], *rows[2:]])

    assert broken(stored=without_a_registration) == {"gaps in the journal", "drifted lanes"}


def test_an_item_whose_row_is_not_completed_is_lost_whatever_the_journal_says() -> None:
    first, *others = GOOD.lanes[0].items

    unfinished = with_lane(items=[replace(first, state=ItemState.IN_PROGRESS), *others])

    assert broken(stored=unfinished) == {"lost", "drifted lanes"}


def test_what_came_again_or_too_late_is_counted() -> None:
    late = [make_event("duplicate"), make_event("claimed"), make_event("rejected")]

    assert commands_without_effect(make_stored(*late)) == 2
