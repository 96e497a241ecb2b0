"""The capacity model and its simulation agree, and the docs page carries their answers."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.capacity.capacity_comparison import (
    TOLERANCE,
    Comparison,
    compare_million,
    drain_backlog,
    model_of,
    offer_share,
    simulation_of,
)
from benchmarks.capacity.capacity_model import (
    EVENT_BYTES,
    MEASURED,
    ROW_BYTES,
    CapacityModel,
    Quotas,
    Setup,
    Times,
    write_units,
)
from benchmarks.capacity.capacity_tables import PAGE, model_parts, write_page
from benchmarks.lambda_time import duration_seconds
from benchmarks.markdown import fill_markers

FEW_SECONDS = 20.0


@pytest.mark.parametrize("lanes", [1, 4, 16, 64])
@pytest.mark.parametrize("items_per_message", [1, 10, 50, 250])
def test_model_and_simulation_agree_on_a_backlog(lanes: int, items_per_message: int) -> None:
    model = model_of(lanes, items_per_message)

    run = drain_backlog(model, seconds=FEW_SECONDS)

    assert run.items_per_second == pytest.approx(model.job().items, rel=TOLERANCE)


def test_they_agree_where_the_table_is_the_limit() -> None:
    model = model_of(16, 50)
    expected = model.job(new_table=True)

    run = simulation_of(model, new_table=True).drain(round(expected.items * FEW_SECONDS))

    assert expected.limit == "write units of the table"
    assert run.items_per_second == pytest.approx(expected.items, rel=TOLERANCE)


def test_they_agree_on_a_million_items_registered_and_worked_off() -> None:
    for pair in compare_million(packings=(50,)):
        for answer in pair:
            assert answer.simulated == pytest.approx(answer.model, rel=TOLERANCE), answer.question


@pytest.mark.parametrize("lanes", [1, 5, 64])
@pytest.mark.parametrize("new_table", [False, True])
def test_they_agree_on_registering_with_few_and_many_lanes(lanes: int, *, new_table: bool) -> None:
    model = model_of(lanes, 1)
    expected = model.registration(new_table=new_table)

    run = simulation_of(model, new_table=new_table).register(round(expected.items * FEW_SECONDS))

    assert run.items_per_second == pytest.approx(expected.items, rel=TOLERANCE)


def test_every_item_is_registered_once_also_of_a_request_that_is_not_full() -> None:
    run = simulation_of(model_of(4, 1)).register(2_003)

    assert (run.items, run.batches) == (2_003, 3)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_they_agree_on_how_full_batches_are(share: float) -> None:
    model = model_of(16, 1)

    run = offer_share(model, share)

    expected = model.batch_size_at(model.job().items * share)
    assert run.items_per_batch == pytest.approx(expected, rel=TOLERANCE)


def test_the_same_seed_plays_the_same() -> None:
    model = model_of(4, 10)

    assert drain_backlog(model, seconds=2) == drain_backlog(model, seconds=2)


def test_more_lanes_are_faster_until_the_intake_is_the_limit() -> None:
    rates = [model_of(lanes, 50).job() for lanes in (1, 4, 16, 64)]

    assert [rate.items for rate in rates] == sorted(rate.items for rate in rates)
    assert rates[2].items == pytest.approx(16 * rates[0].items)
    assert rates[3].limit == "concurrency of the intake"
    assert model_of(64, 50, intake_concurrency=64).job().items > rates[3].items


def test_a_lane_that_never_waits_is_held_by_its_partition() -> None:
    quick = Times(around_batch=0.0, read=0.0, write=0.0, item=0.0, batch=1e-6)
    model = CapacityModel(setup=Setup(lanes=1, items_per_message=50), times=quick)

    rate = model.lane()

    assert rate.limit == "write units of a partition"
    assert rate.items == pytest.approx(1_000 * 500 / write_units(500, 2))


def test_the_queue_is_the_limit_where_all_else_is_plenty() -> None:
    plenty = replace(
        Quotas(), table_units=1e12, account_concurrency=10**9, source_concurrency=10**9
    )
    model = CapacityModel(setup=Setup(lanes=64, items_per_message=1), quotas=plenty)

    assert model.region().limit == "API calls of the queue"


@pytest.mark.parametrize(
    ("items", "units"), [(1, 6), (50, 2 * (50 + 1 + 2)), (96, 2 * (96 + 1 + 4))]
)
def test_a_commit_writes_its_items_the_head_and_the_journal(items: int, units: int) -> None:
    assert write_units(items, 2) == units


def test_a_million_items_take_minutes() -> None:
    model = model_of(16, 50)

    assert 1 < model.registration().million_seconds / 60 < 10
    assert 1 < model.job().million_seconds / 60 < 10


def test_the_capacity_page_carries_the_model() -> None:
    text = PAGE.read_text()

    assert fill_markers(text, model_parts()) == text, "make capacity writes it anew"


@pytest.mark.parametrize(("simulated", "status"), [(109.0, 0), (111.0, 1), (91.0, 0), (89.0, 1)])
@pytest.mark.parametrize("of", ["jobs", "million", "batches"])
def test_the_target_fails_where_model_and_simulation_are_too_far_apart(
    simulated: float, status: int, of: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(shutil.copy(PAGE, tmp_path))
    near = Comparison(question="near", model=100.0, simulated=100.0, cells=["1", "1"])
    other = replace(near, question="other", simulated=simulated)
    given = {"jobs": near, "million": near, "batches": near, of: other}

    result = write_page([given["jobs"]], [(near, given["million"])], [given["batches"]], page)

    assert result == status
    assert ("TOO DIFFERENT" in capsys.readouterr().out) is bool(status)
    assert page.read_text() != PAGE.read_text()


def test_the_times_are_those_that_were_measured() -> None:
    measured = json.loads(MEASURED.read_text())
    times = Times()

    for items, seconds in measured["batchSecondsByItems"].items():
        fitted = times.batch + int(items) * times.item
        assert fitted == pytest.approx(duration_seconds("intake", seconds, 0), rel=0.15)
    for events, size in measured["journalRowBytesByEvents"].items():
        assert pytest.approx(size, rel=0.25) == ROW_BYTES + EVENT_BYTES * int(events)
