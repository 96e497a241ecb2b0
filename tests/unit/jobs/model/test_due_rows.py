"""In a lane that dispatches each event that makes an item pending again writes a due row."""

from itertools import count
from typing import Any

import pytest

from forgeledger.jobs.model.commands import FollowGate, LaneCommand, Resume
from forgeledger.jobs.model.creation import create_sealed
from forgeledger.jobs.model.due_rows import DueRow
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lane_decision import Commit, Decision, decide
from forgeledger.jobs.model.lanes import Head, LaneMode
from forgeledger.jobs.model.limits import ACTIONS_PER_TRANSACTION, ITEMS_PER_COMMIT
from tests.support.builders import NOW, make_command, make_head, make_rules, make_spec

RULES = make_rules(dispatched=True, lease_seconds=60, max_attempts=9)
_ids = count()


def command(kind: str, **fields: Any) -> LaneCommand:
    return make_command(kind, **{"command_id": str(next(_ids)), **fields})


def decided(*commands: LaneCommand, head: Head | None = None, now: int = NOW) -> Decision:
    return decide(head or make_head(rules=RULES), {}, commands, now)


def only_commit(*commands: LaneCommand) -> Commit:
    [commit] = decided(*commands).commits
    return commit


@pytest.mark.parametrize(
    ("commands", "attempt"),
    [
        ([command("claim"), command("release")], 2),
        ([command("claim"), command("fail")], 2),
        ([command("fail")], 2),
        ([command("fail", failure=Failure(type="E", retryable=False)), command("retry")], 2),
    ],
)
def test_an_item_that_is_pending_again_is_due_for_its_next_dispatch(
    commands: list[LaneCommand], attempt: int
) -> None:
    commit = only_commit(command("register"), *commands)

    [item] = commit.items
    assert commit.due_rows == (
        DueRow(due_at=NOW, offset=item.offset, item_id="invoice-17", attempt=attempt),
    )
    assert item.due_at == NOW


def test_a_registration_with_a_time_of_its_own_is_due_then() -> None:
    commit = only_commit(command("register", not_before=NOW + 5_000))

    [row] = commit.due_rows
    assert (row.due_at, row.attempt) == (NOW + 5_000, 1)
    assert commit.items[0].due_at == NOW + 5_000


@pytest.mark.parametrize("not_before", [None, NOW - 1, NOW])
def test_one_whose_time_has_come_is_a_registration_like_any_other(not_before: int | None) -> None:
    commit = only_commit(command("register", not_before=not_before))

    assert commit.due_rows == ()
    assert commit.items[0].due_at is None


def test_an_expiry_and_a_resume_are_due_too() -> None:
    claimed = only_commit(command("register"), command("claim"))
    items = {item.item_id: item for item in claimed.items}

    [expired] = decide(claimed.head, items, [command("expire")], NOW + 60_000).commits
    closed = decide(claimed.head, items, [FollowGate(gate=1, mode=LaneMode.CLOSED)], NOW).commits[0]
    resume = [Resume(item_id="invoice-17", gate=2)]
    [resumed] = decide(closed.head, items, resume, NOW + 7).commits

    assert [row.attempt for row in expired.due_rows] == [2]
    # The number that the resume skips is that of messages from before the closing.
    assert [(row.due_at, row.attempt) for row in resumed.due_rows] == [(NOW + 7, 3)]


def test_an_item_with_two_such_events_in_a_commit_has_two_rows() -> None:
    kinds = ("register", "claim", "release", "claim", "release")

    commit = only_commit(*map(command, kinds))

    assert [(row.offset, row.attempt) for row in commit.due_rows] == [(2, 2), (4, 3)]


def test_lanes_that_do_not_dispatch_have_no_due_rows_and_know_of_no_due_time() -> None:
    head = make_head(rules=make_rules(max_attempts=9))
    commands = [command("register"), command("claim"), command("release")]

    [commit] = decided(*commands, head=head).commits

    assert commit.due_rows == ()
    assert commit.items[0].due_at is None


def test_a_claim_before_the_time_of_an_item_is_not_due_in_any_job() -> None:
    for rules in (RULES, make_rules()):
        early = [command("register", not_before=NOW + 1), command("claim")]
        assert decided(*early, head=make_head(rules=rules)).outcomes[1].reason == "not_due"


def test_items_and_due_rows_together_fit_a_commit() -> None:
    commands = [
        command("register", item_id=f"{number}", not_before=NOW + 1) for number in range(500)
    ]

    commits = decided(*commands).commits

    assert {len(commit.items) + len(commit.due_rows) for commit in commits[:-1]} == {
        ITEMS_PER_COMMIT
    }
    rows = [row.item_id for commit in commits for row in commit.due_rows]
    assert rows == [f"{number}" for number in range(500)]


@pytest.mark.parametrize(("items", "fits"), [(47, True), (48, False)])
def test_a_sealed_creation_counts_its_due_rows(items: int, fits: bool) -> None:
    spec = make_spec(job_id=make_job_id(NOW, 7, 1), rules=RULES)
    registrations = [
        make_command("register", item_id=f"{number}", not_before=NOW + 1) for number in range(items)
    ]

    creation = create_sealed(spec, {0: registrations})

    assert (creation is not None) is fits
    assert ACTIONS_PER_TRANSACTION < 3 + 2 + 2 * 48


def test_a_closing_carries_what_is_resolved_after_it() -> None:
    done = [command("register", item_id=name) for name in "abc"]
    done += [command("claim", item_id="a"), command("release", item_id="a")]
    closing = FollowGate(gate=1, mode=LaneMode.CLOSED)

    commit = only_commit(*done, command("complete", item_id="b"), closing)

    # Three items are finished, and one was pending again once.
    assert commit.events[-1].resolved == 4
    assert commit.head.canceled_below - 1 == commit.before.offset + len(commit.events) - 1
    sealed = FollowGate(gate=1, mode=LaneMode.SEALED)
    assert only_commit(sealed).events[-1].resolved is None
    plain = decided(closing, head=make_head(rules=make_rules()))
    assert plain.commits[0].events[-1].resolved is None
