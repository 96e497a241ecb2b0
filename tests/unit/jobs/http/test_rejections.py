"""Why a job is not done: its recently rejected commands."""

from collections.abc import Iterable
from typing import Any

import pytest

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.usecases import list_rejections
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter

# Ids of unregistered items, for each of two lanes.
FIRST_LANE, SECOND_LANE = (
    [name for name in (f"typo-{number}" for number in range(90)) if lane_of(name, 2) == lane]
    for lane in (0, 1)
)


@pytest.fixture
def few(monkeypatch):
    """Look only at the latest eight events of all lanes, and at least one of each lane."""
    monkeypatch.setattr(list_rejections, "_LATEST_EVENTS", 8)
    monkeypatch.setattr(list_rejections, "_LEAST_EVENTS", 1)


def rejections(caller: Any, job_id: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = caller.get(f"/jobs/{job_id}/why").json["rejections"]
    return listed


def complete_in_one_batch(world: Any, job_id: str, items: Iterable[str]) -> None:
    commands = [Command(kind=CommandKind.COMPLETE, item_id=item, command_id=item) for item in items]
    LaneWriter(world.store, world.runtime).apply(job_id, 0, commands)


def test_they_are_listed_by_kind_and_reason_most_frequent_first(caller, clock):
    job_id = caller.new_job(items=["a", "b"], lanes=2, policy={"leaseSeconds": 60})
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w-1"})
    for item in ("A", "B", "C"):
        clock.pass_seconds(1)
        caller.post(f"/jobs/{job_id}/items/{item}/complete")
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w-2"})

    listed = rejections(caller, job_id)

    assert [(entry["command"], entry["reason"], entry["count"]) for entry in listed] == [
        ("complete", "unknown_item", 3),
        ("claim", "lease_held", 1),
    ]
    assert listed[0]["latestItemId"] == "C"
    assert listed[0]["latestAt"] == "2026-11-21T10:00:03.000Z"


def test_what_is_said_of_an_item_that_is_completed_holds_nothing_up(caller):
    job_id = caller.new_job(items=["a", "b"])
    caller.post(f"/jobs/{job_id}/items/a/complete")
    late = caller.post(f"/jobs/{job_id}/items/a/fail")
    again = caller.post(f"/jobs/{job_id}/items/a/retry")

    assert [late.json["code"], again.json["code"]] == ["already_completed", "not_failed"]
    assert rejections(caller, job_id) == []


def test_of_a_finished_job_all_that_was_refused_since_its_end_is_listed(caller, world, clock):
    job_id = caller.new_job(items=["a", "b"], seal=True)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "early"})
    clock.pass_seconds(1)
    caller.post(f"/jobs/{job_id}/items/b/complete")
    JobAdvancer(world.store, LaneWriter(world.store, world.runtime), world.runtime).advance(job_id)

    for command in ("claim", "cancel", "fail", "retry", "complete"):
        caller.post(f"/jobs/{job_id}/items/a/{command}")

    assert {(entry["command"], entry["reason"]) for entry in rejections(caller, job_id)} == {
        ("claim", "already_completed"),
        ("cancel", "already_completed"),
        ("fail", "already_completed"),
        ("retry", "not_failed"),
    }
    assert all(entry["count"] == 1 for entry in rejections(caller, job_id))


def test_of_a_finished_job_those_from_before_its_end_are_left_out(caller):
    job_id = caller.new_job(items=["a"], seal=True)
    caller.post(f"/jobs/{job_id}/items/A/complete")
    running = rejections(caller, job_id)
    caller.post(f"/jobs/{job_id}/cancel")

    assert len(running) == 1
    assert rejections(caller, job_id) == []


def test_a_worker_that_goes_on_after_a_cancel_shows(caller, clock):
    job_id = caller.new_job(items=["a", "b"], lanes=2)
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w"})
    caller.post(f"/jobs/{job_id}/cancel")
    clock.pass_seconds(60)
    for item in ("a", "b"):
        caller.post(f"/jobs/{job_id}/items/{item}/complete", {"workerId": "w"})

    (entry,) = rejections(caller, job_id)

    assert (entry["command"], entry["reason"]) == ("complete", "already_canceled")
    assert (entry["count"], entry["latestAt"]) == (2, "2026-11-21T10:01:00.000Z")


def test_a_worker_that_goes_on_after_a_job_is_completed_shows(caller, clock, world):
    job_id = caller.new_job(items=["a"], seal=True)
    caller.post(f"/jobs/{job_id}/items/before/complete")
    clock.pass_seconds(1)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    JobAdvancer(world.store, LaneWriter(world.store, world.runtime), world.runtime).advance(job_id)
    clock.pass_seconds(1)
    caller.post(f"/jobs/{job_id}/items/after/complete")

    (entry,) = rejections(caller, job_id)

    assert caller.get(f"/jobs/{job_id}").json["status"] == "COMPLETED"
    assert (entry["reason"], entry["latestItemId"]) == ("unknown_item", "after")
    assert entry["count"] == 1


def test_of_a_job_canceled_twice_those_after_the_second_time_are_listed(caller):
    job_id = caller.new_job(items=["a", "b"], lanes=1)
    caller.post(f"/jobs/{job_id}/cancel")
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/reopen")
    caller.post(f"/jobs/{job_id}/cancel")
    between = rejections(caller, job_id)
    caller.post(f"/jobs/{job_id}/items/b/complete")

    assert between == []
    assert [entry["latestItemId"] for entry in rejections(caller, job_id)] == ["b"]


@pytest.mark.usefixtures("few")
def test_only_the_latest_events_are_looked_at_also_within_a_commit(caller, world):
    job_id = caller.new_job(lanes=1)
    complete_in_one_batch(world, job_id, [f"item {number}" for number in range(20)])

    (entry,) = rejections(caller, job_id)

    assert (entry["count"], entry["latestItemId"]) == (8, "item 19")


@pytest.mark.usefixtures("few")
def test_they_are_shared_out_among_the_lanes_that_have_events(caller):
    in_one, in_two = caller.new_job(lanes=2), caller.new_job(lanes=2)
    for item in FIRST_LANE[:10]:
        caller.post(f"/jobs/{in_one}/items/{item}/complete")
    for item in (*FIRST_LANE[:10], *SECOND_LANE[:2]):
        caller.post(f"/jobs/{in_two}/items/{item}/complete")

    assert [entry["count"] for entry in rejections(caller, in_one)] == [8]
    assert [entry["count"] for entry in rejections(caller, in_two)] == [4 + 2]


def test_of_many_lanes_each_is_looked_at(caller):
    job_id = caller.new_job(items=[f"item-{number}" for number in range(300)], lanes=64)
    for _ in range(25):
        caller.post(f"/jobs/{job_id}/items/typo/complete")

    assert [entry["count"] for entry in rejections(caller, job_id)] == [25]


def test_they_are_read_bit_by_bit_from_the_latest_back(caller, world, monkeypatch):
    monkeypatch.setattr(list_rejections, "_AT_FIRST", 2)
    job_id = caller.new_job(lanes=1)
    for batch in range(5):
        complete_in_one_batch(world, job_id, [f"{batch} {item}" for item in range(3 + batch)])
    read, offsets = world.store.read_journal, []

    def read_journal(job_id: str, lane: int, offset: int, limit: int) -> Any:
        offsets.append(offset)
        return read(job_id, lane, offset, limit)

    world.store.read_journal = read_journal

    (entry,) = rejections(caller, job_id)

    assert (entry["count"], entry["latestItemId"]) == (25, "4 6")
    assert offsets == sorted(offsets, reverse=True)
    assert len(offsets) > 3


def test_large_ones_are_read_no_further_than_one_answer_may_hold(caller, monkeypatch):
    monkeypatch.setattr(list_rejections, "_AT_FIRST", 1)
    monkeypatch.setattr(list_rejections, "PAGE_BYTES", 50_000)
    job_id = caller.new_job(lanes=1)
    for item in range(9):
        caller.post(f"/jobs/{job_id}/items/typo-{item}/complete", {"result": "x" * 20_000})

    assert [entry["count"] for entry in rejections(caller, job_id)] == [3]


def test_the_latest_of_a_lane_is_the_one_that_it_took_last(caller, clock):
    job_id = caller.new_job(lanes=2)
    caller.post(f"/jobs/{job_id}/items/{FIRST_LANE[0]}/complete")
    clock.pass_seconds(-5)
    caller.post(f"/jobs/{job_id}/items/{FIRST_LANE[1]}/complete")

    assert rejections(caller, job_id)[0]["latestItemId"] == FIRST_LANE[1]


@pytest.mark.parametrize("lanes", [(FIRST_LANE, SECOND_LANE), (SECOND_LANE, FIRST_LANE)])
def test_the_latest_of_several_lanes_is_the_one_of_the_latest_time(caller, clock, lanes):
    earlier, later = lanes
    job_id = caller.new_job(lanes=2)
    caller.post(f"/jobs/{job_id}/items/{earlier[0]}/complete")
    clock.pass_seconds(5)
    caller.post(f"/jobs/{job_id}/items/{later[0]}/complete")

    assert rejections(caller, job_id)[0]["latestItemId"] == later[0]


def test_rows_that_are_gone_are_left_out(caller, world):
    job_id = caller.new_job(lanes=1)
    for item in "ABC":
        caller.post(f"/jobs/{job_id}/items/{item}/complete")
    world.keep_journal_rows(lambda row: row.offset > 0)

    assert [entry["count"] for entry in rejections(caller, job_id)] == [2]
