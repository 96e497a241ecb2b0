"""Why a job is not done, of jobs that are too large for one page or one request."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.usecases import scan_lanes
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from tests.support import memory_store

# In a store in memory an item without a payload counts as so many bytes.
ITEM_BYTES = 600
LATER = {"maxAttempts": 9, "backoffBaseSeconds": 600, "backoffCapSeconds": 600}


@pytest.fixture
def small_pages(monkeypatch):
    """A page holds ten items."""
    monkeypatch.setattr(memory_store, "_PAGE_BYTES", 10 * ITEM_BYTES)


def names(number: int) -> list[str]:
    return [f"item-{index:05}" for index in range(number)]


def apply(world: Any, job_id: str, kind: str, items: Sequence[str]) -> None:
    lanes = lanes_of(job_id) or 0
    for lane in range(lanes):
        commands = [
            Command(kind=CommandKind(kind), item_id=item, command_id=f"{kind} {item}")
            for item in items
            if lane_of(item, lanes) == lane
        ]
        LaneWriter(world.store, world.runtime).apply(job_id, lane, commands)


def large_job(caller: Any, world: Any, number: int, **spec: Any) -> str:
    job_id: str = caller.new_job(**spec)
    apply(world, job_id, "register", names(number))
    return job_id


def parts_of(caller: Any, job_id: str, between: Callable[[], object] = lambda: None) -> list[Any]:
    """The answers of all requests, from the beginning to the end."""
    parts = [caller.get(f"/jobs/{job_id}/why").json]
    while parts[-1]["nextCursor"] is not None:
        between()
        cursor = parts[-1]["nextCursor"]
        parts.append(caller.get(f"/jobs/{job_id}/why", cursor=cursor).json)
        assert len(parts) < 1_000
    return parts


def reads_of(store: Any) -> list[tuple[int, bool]]:
    """Records the lane of each page of a scan, and whether it is read consistently."""
    reads, scan_items = [], store.scan_items

    def record(head: Any, after: Any, now: int, *, consistent: bool) -> Any:
        reads.append((head.lane, consistent))
        return scan_items(head, after, now, consistent=consistent)

    store.scan_items = record
    return reads


def test_a_stuck_item_is_found_however_many_are_before_it(caller, world, clock):
    job_id = large_job(caller, world, 6_000, lanes=2, policy={"leaseSeconds": 30})
    apply(world, job_id, "complete", names(6_000)[:-1])
    caller.post(f"/jobs/{job_id}/items/item-05999/claim", {"workerId": "gone"})
    clock.pass_seconds(31)

    why = caller.get(f"/jobs/{job_id}/why").json

    assert "leases_expired" in why["reasons"]
    assert why["expiredLeases"]["count"] == 1
    assert why["expiredLeases"]["items"][0]["itemId"] == "item-05999"
    assert why["expiredLeases"]["items"][0]["workerId"] == "gone"
    assert (why["itemsTotal"], why["scanComplete"]) == (6_000, True)
    assert why["nextCursor"] is None


@pytest.mark.usefixtures("small_pages")
def test_only_lanes_with_unfinished_items_are_read(caller, world):
    job_id = large_job(caller, world, 100, lanes=4)
    left = [item for item in names(100) if lane_of(item, 4) == 2][-1]
    apply(world, job_id, "complete", [item for item in names(100) if item != left])
    reads = reads_of(world.store)

    why = caller.get(f"/jobs/{job_id}/why").json

    assert {lane for lane, _ in reads} == {2}
    assert why["itemsScanned"] == sum(lane_of(item, 4) == 2 for item in names(100))
    assert why["scanComplete"] is True


@pytest.mark.usefixtures("small_pages")
def test_a_few_lanes_are_read_side_by_side(caller, world):
    job_id = large_job(caller, world, 300, lanes=8)
    reads = reads_of(world.store)

    caller.get(f"/jobs/{job_id}/why")

    lanes = [lane for lane, _ in reads]
    assert lanes[:8] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert set(lanes) == set(range(8))


@pytest.mark.parametrize(
    ("bound", "value"),
    [("SCANNED_READ_UNITS", 600), ("SCANNED_BYTES", 2_000), ("SCANNED_MS", 3_000)],
)
@pytest.mark.usefixtures("small_pages")
def test_beyond_a_bound_a_cursor_goes_on_where_the_scan_stopped(
    caller, world, clock, *, monkeypatch, bound, value
):
    monkeypatch.setattr(scan_lanes, bound, value)
    job_id = large_job(caller, world, 200, lanes=6, policy={"leaseSeconds": 1})
    apply(world, job_id, "claim", names(200))
    clock.pass_seconds(2)
    scan_items = world.store.scan_items

    def slow(*arguments: Any, **named: Any) -> Any:
        clock.pass_seconds(bound == "SCANNED_MS")
        page = scan_items(*arguments, **named)
        return replace(page, read_units=100)

    world.store.scan_items = slow

    parts = parts_of(caller, job_id)

    assert [part["scanComplete"] for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts) > 2
    assert all(part["itemsScanned"] < 200 == part["itemsTotal"] for part in parts)
    assert sum(part["itemsScanned"] for part in parts) == 200
    assert sum(part["expiredLeases"]["count"] for part in parts) == 200


def test_the_read_units_of_one_request_stay_below_their_bound(caller, world, monkeypatch):
    monkeypatch.setattr(memory_store, "_PAGE_BYTES", 100 * ITEM_BYTES)
    monkeypatch.setattr(scan_lanes, "SCANNED_READ_UNITS", 100)
    monkeypatch.setattr(scan_lanes, "PAGE_READ_UNITS", 15)
    job_id = large_job(caller, world, 2_000, lanes=4)
    units, scan_items = [], world.store.scan_items

    def count(*arguments: Any, **named: Any) -> Any:
        page = scan_items(*arguments, **named)
        units.append(page.read_units)
        return page

    world.store.scan_items = count

    caller.get(f"/jobs/{job_id}/why")

    assert 80 < sum(units) <= 100


def test_no_page_is_read_when_the_request_has_no_time_for_it(caller, world, monkeypatch):
    job_id = large_job(caller, world, 10, lanes=1)
    reads = reads_of(world.store)
    monkeypatch.setattr(scan_lanes, "SCANNED_MS", 0)

    why = caller.get(f"/jobs/{job_id}/why").json

    assert reads == []
    assert (why["itemsScanned"], why["scanComplete"]) == (0, False)
    assert why["reasons"] == ["unsealed", "items_pending"]


@pytest.mark.usefixtures("small_pages")
def test_a_cursor_survives_that_the_job_grows(caller, world, monkeypatch):
    monkeypatch.setattr(scan_lanes, "SCANNED_READ_UNITS", 260)
    job_id = large_job(caller, world, 100, lanes=4, policy=LATER)
    apply(world, job_id, "fail", names(100))

    def grow() -> None:
        apply(world, job_id, "register", [f"new {item}" for item in names(50)])

    parts = parts_of(caller, job_id, grow)

    assert len(parts) > 2
    assert sum(part["dueLater"]["count"] for part in parts) == 100


@pytest.mark.usefixtures("small_pages")
def test_a_cursor_survives_that_the_job_finishes(caller, world, monkeypatch):
    monkeypatch.setattr(scan_lanes, "SCANNED_READ_UNITS", 260)
    job_id = large_job(caller, world, 100, lanes=4)

    first, last = parts_of(caller, job_id, lambda: caller.post(f"/jobs/{job_id}/cancel"))

    assert first["reasons"] == ["unsealed", "items_pending"]
    assert (last["reasons"], last["scanComplete"]) == (["finished"], True)


@pytest.mark.usefixtures("small_pages")
def test_a_cursor_of_another_job_or_list_is_refused(caller, world, monkeypatch):
    monkeypatch.setattr(scan_lanes, "SCANNED_READ_UNITS", 260)
    job_id, other = (large_job(caller, world, 100, lanes=4) for _ in range(2))
    cursor = caller.get(f"/jobs/{job_id}/why").json["nextCursor"]
    of_items = caller.get(f"/jobs/{job_id}/items", limit=5).json["nextCursor"]

    for path, wrong in ((other, cursor), (job_id, of_items), (job_id, "garbage")):
        refused = caller.get(f"/jobs/{path}/why", cursor=wrong)

        assert refused.status == 422
        assert refused.json["errors"][0]["field"] == "cursor"


def test_what_is_shown_is_read_again(caller, world, clock):
    job_id = caller.new_job(items=["done", "held"], policy={"leaseSeconds": 30})
    for item in ("done", "held"):
        caller.post(f"/jobs/{job_id}/items/{item}/claim", {"workerId": "w"})
    clock.pass_seconds(31)
    scan_items = world.store.scan_items

    def outdated(*arguments: Any, **named: Any) -> Any:
        page = scan_items(*arguments, **named)
        caller.post(f"/jobs/{job_id}/items/done/complete")
        return page

    world.store.scan_items = outdated

    why = caller.get(f"/jobs/{job_id}/why").json

    assert [item["itemId"] for item in why["oldestInProgress"]] == ["held"]
    assert [item["itemId"] for item in why["expiredLeases"]["items"]] == ["held"]


def test_the_items_shown_are_the_first_by_time_of_all_lanes(caller, world, clock):
    job_id = large_job(caller, world, 30, lanes=3, policy={"leaseSeconds": 3_600})
    for item in reversed(names(30)):
        caller.post(f"/jobs/{job_id}/items/{item}/claim", {"workerId": "w"})
        clock.pass_seconds(1)

    why = caller.get(f"/jobs/{job_id}/why").json

    assert [item["itemId"] for item in why["oldestInProgress"]] == names(30)[:19:-1]


@pytest.mark.parametrize(("items", "consistent"), [(9, True), (11, False)])
def test_only_large_jobs_are_read_eventually_consistently(
    caller, world, monkeypatch, items, consistent
):
    monkeypatch.setattr(scan_lanes, "STRONGLY_SCANNED_ITEMS", 10)
    job_id = large_job(caller, world, items, lanes=2)
    reads = reads_of(world.store)

    caller.get(f"/jobs/{job_id}/why")

    assert {was_consistent for _, was_consistent in reads} == {consistent}
