"""Batches of commands, cut into commits that fit into a transaction."""

import json

import pytest

from forgeledger.jobs.model.commands import FollowGate, Recount, Resume
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lanes import Counts, LaneMode
from forgeledger.jobs.model.limits import (
    COMMIT_BYTES,
    ITEMS_PER_COMMIT,
    JOURNAL_ROW_BYTES,
    PAYLOAD_BYTES,
)
from forgeledger.jobs.storage.lane_writes import HEAD_ACTION, lane_actions
from tests.support.builders import make_command
from tests.support.lane_model import make_lane


def registrations(count: int, **fields: object) -> list:
    return [make_command("register", item_id=f"item-{n}", **fields) for n in range(count)]


def test_nothing_asked_is_nothing_done():
    decision = make_lane().apply([])

    assert (decision.commits, decision.outcomes, decision.waits_for) == ((), (), ())


def test_an_item_that_many_commands_touch_is_written_once():
    lane = make_lane()

    decision = lane.apply(
        [make_command("register"), make_command("claim"), make_command("complete")]
    )

    assert [len(commit.items) for commit in decision.commits] == [1]
    assert [event.kind for event in lane.events] == ["registered", "claimed", "completed"]
    assert lane.head.offset == 3


def test_a_history_is_a_chain_from_the_items_latest_event_to_its_first():
    lane = make_lane(registers_on_the_way=True)
    lane.apply([make_command("register", item_id="another"), make_command("claim")])
    lane.do("release")
    lane.do("release", "another")
    lane.do("complete")

    history, offset = [], lane.item().offset
    while offset is not None:
        history.append(lane.events[offset].kind)
        offset = lane.events[offset].previous

    assert history == ["completed", "released", "claimed", "registered"]


def test_a_commit_holds_a_bounded_number_of_items():
    decision = make_lane().apply(registrations(2 * ITEMS_PER_COMMIT + 1))

    assert [len(commit.items) for commit in decision.commits] == [96, 96, 1]
    assert decision.waits_for == (0,) * 96 + (1,) * 96 + (2,)


def test_items_that_were_refused_as_unknown_count_for_the_bound_too():
    commands = [make_command("complete", item_id=f"item-{n}") for n in range(ITEMS_PER_COMMIT + 1)]

    decision = make_lane().apply(commands)

    assert [len(commit.events) for commit in decision.commits] == [ITEMS_PER_COMMIT, 1]


def test_commands_on_items_that_are_in_a_commit_already_find_room_in_it():
    commands = registrations(ITEMS_PER_COMMIT)
    commands += [make_command("claim", item_id=f"item-{n}") for n in range(ITEMS_PER_COMMIT)]

    decision = make_lane().apply(commands)

    assert [len(commit.events) for commit in decision.commits] == [2 * ITEMS_PER_COMMIT]


TEXTS = {
    "ascii": json.dumps("x" * (PAYLOAD_BYTES - 2)),
    "unicode": json.dumps("\u00e9\U0001f600" * 5_000, ensure_ascii=False),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_the_texts_of_a_commit_fit_into_a_journal_row(text):
    decision = make_lane().apply(registrations(40, payload=text))

    assert PAYLOAD_BYTES * 0.9 < len(text.encode()) <= PAYLOAD_BYTES
    assert len(decision.commits) > 1
    for commit in decision.commits:
        row = "".join(event.payload for event in commit.events)
        assert len(row.encode()) <= JOURNAL_ROW_BYTES


def test_long_names_are_bounded_too():
    names = [f"{number:04}".ljust(256, "\U0001f600") for number in range(96)]
    commands = [make_command("register", item_id=name) for name in names]
    commands += [make_command("claim", item_id=name, worker_id=name) for name in names]

    decision = make_lane().apply(commands)

    assert len(decision.commits) == 2
    for commit in decision.commits:
        row = "".join(event.item_id + (event.worker_id or "") for event in commit.events)
        assert len(row.encode()) <= JOURNAL_ROW_BYTES


def test_what_the_items_keep_counts_for_the_size_of_a_commit():
    lane = make_lane()
    lane.apply(registrations(96, payload=TEXTS["ascii"]))
    long = json.dumps("y" * 3_000)

    decision = lane.apply(
        [make_command("complete", item_id=f"item-{n}", result=long) for n in range(96)]
    )

    for commit in decision.commits:
        texts = [text for item in commit.items for text in (item.payload, item.result)]
        texts += [event.result for event in commit.events]
        assert sum(len(text) for text in texts) <= COMMIT_BYTES


def test_one_command_always_fits():
    lane = make_lane(registers_on_the_way=True)
    failure = Failure(type='"' * 256, message='"' * 4_096)
    largest = '"' * PAYLOAD_BYTES
    lane.apply([make_command("register", payload=largest)])

    decision = lane.apply([make_command("fail", failure=failure, result=largest)])

    assert len(decision.commits) == 1


def test_a_command_that_left_nothing_waits_for_what_was_changed_before_it():
    first, second = make_command("register", item_id="a"), make_command("register", item_id="b")
    lane = make_lane()
    lane.apply([first])

    decision = lane.apply([first, second, first])

    assert decision.waits_for == (-1, 0, 0)
    assert [outcome.kind for outcome in decision.outcomes] == [
        "duplicate",
        "applied",
        "duplicate",
    ]


def test_each_command_sees_what_the_ones_before_it_did():
    lane = make_lane()
    close = FollowGate(gate=1, mode=LaneMode.CLOSED)

    decision = lane.apply(
        [
            make_command("register"),
            make_command("claim"),
            close,
            make_command("complete"),
            Recount(counts=Counts(canceled=1), failures=(), retrying=0),
        ]
    )

    assert [outcome.reason for outcome in decision.outcomes][3] == "already_canceled"
    assert [outcome.item and outcome.item.state for outcome in decision.outcomes] == [
        "PENDING",
        "IN_PROGRESS",
        None,
        "CANCELED",
        None,
    ]


def test_a_lane_that_is_at_the_gate_resumes_nothing():
    lane = make_lane()
    lane.do("register", "a")
    lane.follow(LaneMode.CLOSED)
    late = Resume(item_id="a", gate=lane.head.gate)

    decision = lane.apply([late])

    assert (decision.commits, lane.item("a").state) == ((), "CANCELED")


def test_a_resumed_lane_does_not_expire():
    """A finished job gave its head a TTL, and it follows the reopening only after its items."""
    lane = make_lane()
    lane.do("register", "a")
    lane.follow(LaneMode.CLOSED)

    commit = lane.apply([Resume(item_id="a", gate=lane.head.gate + 1)]).commits[0]

    update = lane_actions("table", commit, "id")[HEAD_ACTION]["Update"]["UpdateExpression"]
    assert update.endswith(" REMOVE #ttl")


def test_an_item_that_a_command_canceled_meanwhile_is_not_resumed():
    """Another writer resumed it, and it was canceled then, before this resume is decided."""
    lane = make_lane()
    lane.do("register", "a")
    lane.follow(LaneMode.CLOSED)
    late = Resume(item_id="a", gate=lane.head.gate + 1)
    lane.apply([late])
    lane.do("cancel", "a")

    decision = lane.apply([late])

    assert (decision.commits, lane.item("a").state) == ((), "CANCELED")


def test_a_resumed_item_is_due_at_once():
    lane = make_lane(max_attempts=2, backoff_base_seconds=100)
    lane.do("register", "a")
    lane.do("fail", "a")
    lane.follow(LaneMode.CLOSED)

    lane.apply([Resume(item_id="a", gate=lane.head.gate + 1)])

    assert lane.item("a").due_at is None
    assert lane.do("claim", "a").kind == "applied"
