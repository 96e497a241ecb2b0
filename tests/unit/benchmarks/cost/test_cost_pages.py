"""docs/costs.md, its plot and the README agree with the stored results."""

import re
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.cost import clock_cost, cost_page, cost_tables, job_prices
from benchmarks.cost.job_meter import PACKING, ResultsFile
from benchmarks.cost.metered_small import ONE_ITEM
from benchmarks.cost.other_designs import delivery, measured_job
from benchmarks.cost.plot import Line, Panel, svg
from benchmarks.cost.usage import Usage, dollars
from forgeledger.jobs.messages.reconcile_requests import measurements
from forgeledger.jobs.model.reconciliation import MaintenanceReport

PAGE = cost_page.PAGE.read_text()
OPERATIONS = cost_page.PAGE.with_name("operations.md").read_text()
README = Path(__file__).parents[4] / "README.md"
SVG = "{http://www.w3.org/2000/svg}"


def with_a_million_at(amount: float) -> dict[str, dict[str, Any]]:
    """The stored results as they would be if a million items cost this many dollars."""
    results: dict[str, dict[str, Any]] = deepcopy(ResultsFile().by_name)
    job = results[f"job of {measured_job(cost_tables.MILLION, results)['items']}"]
    usage = Usage.of(job["usage"])
    million = dollars(usage) / job["items"] * cost_tables.MILLION
    times = (amount - dollars(delivery(cost_tables.MILLION))) / million
    job["usage"] = usage.times(times).figures()
    return results


def test_the_costs_page_carries_what_was_measured() -> None:
    assert cost_page.page(PAGE) == PAGE, "run make bench-costs"


def test_the_plot_is_of_what_was_measured() -> None:
    assert cost_page.PLOT.read_text() == cost_page.plot()


def test_what_was_promised_is_said_on_the_page() -> None:
    for bound in cost_page.bounds():
        assert f"{bound.text} {'Met.' if bound.met else '**Missed.**'}" in PAGE


def test_the_readme_names_the_same_prices() -> None:
    readme = README.read_text()

    million = re.findall(r"^- A million items, measured: (\$\d+\.\d\d),", PAGE, re.MULTILINE)
    idle = re.findall(r"^\| \*\*idle, total\*\* \| ([\d.]+) \|$", PAGE, re.MULTILINE)

    assert f"A million short items, reported in full messages, cost about {million[0]}," in readme
    assert f"an idle deployment ${idle[0]} a month" in readme


def test_what_an_idle_deployment_pays_is_the_sum_of_the_rows_above() -> None:
    cells = [line.strip("| ").split(" | ") for line in cost_tables.month_table().splitlines()[2:]]
    names = [name for name, _ in cells]
    above = names.index("**idle, total**")

    amounts = [float(amount) for _, amount in cells]

    assert amounts[above] == pytest.approx(sum(amounts[:above]), abs=0.02)
    assert names[above + 1].startswith(f"{cost_tables.METRICS - cost_tables.ROUND_METRICS} other")
    # Beyond the ten alarms of the free tier.
    assert f"alarms, ${amounts[0] * (1 - 10 / int(names[0].split()[0])):.2f}." in PAGE


def test_the_metrics_of_a_round_are_those_that_the_relay_sends() -> None:
    relay = (README.parent / "functions" / "relay" / "app.py").read_text()
    a_round = MaintenanceReport(jobs=(), round_complete=True)
    named = set(re.findall(r'add_metric\("(\w+)"', relay)) | dict(measurements(a_round)).keys()

    # These are sent only where a time was due, and where work messages died.
    assert len(named - {"DueLate", "WorkersLost"}) == cost_tables.ROUND_METRICS


def test_the_clock_costs_an_idle_ledger_at_most_40_cents_a_month() -> None:
    cells = [line.strip("| ").split(" | ") for line in clock_cost.clock_table().splitlines()[2:]]
    amounts = {name: float(amount) for name, amount in cells}

    running = amounts["**the clock, idle**"]

    assert running <= 0.40
    assert f"[${running:.2f} a month](costs.md#per-month) on an idle ledger" in OPERATIONS
    assert f"and ${amounts[cells[-1][0]]:.2f} for its three alarms" in OPERATIONS


def test_every_bound_holds() -> None:
    missed = [bound.text for bound in cost_page.bounds() if not bound.met]

    assert not missed, "\n".join(missed)
    assert len(cost_page.bounds()) >= 5
    assert "**Missed.**" not in PAGE


@pytest.mark.parametrize(
    ("amount", "met"),
    [(3.99, [True, True]), (4.01, [False, True]), (5.01, [False, True]), (5.03, [False, False])],
)
def test_a_million_items_that_are_dearer_miss_their_bounds(amount: float, met: list[bool]) -> None:
    results = with_a_million_at(amount)

    assert [bound.met for bound in cost_tables.bounds(results)] == met


@pytest.mark.parametrize(("units", "met"), [(40, True), (41, False)])
def test_a_job_of_one_item_that_writes_more_misses_its_bound(units: int, met: bool) -> None:
    results: dict[str, dict[str, Any]] = deepcopy(ResultsFile().by_name)
    results[ONE_ITEM.name]["usage"]["write_units"] = units

    _, bound = job_prices.bounds(results)

    assert bound.met is met
    assert f"{units} write units, at most 40" in bound.text


def test_quiet_workers_that_are_dearer_miss_their_bound() -> None:
    results: dict[str, dict[str, Any]] = deepcopy(ResultsFile().by_name)
    job = results["1 items per message"]
    job["usage"] = Usage.of(job["usage"]).times(2).figures()

    quiet, _ = job_prices.bounds(results)

    assert not quiet.met


def test_the_relay_takes_a_small_share_however_full_the_batches_are() -> None:
    results = ResultsFile().by_name
    jobs = [results[f"{packing} items per message"] for packing in PACKING]

    shares = [dollars(Usage.of(job["relay"])) / dollars(Usage.of(job["usage"])) for job in jobs]

    # An invocation for each commit took 30 % with one item a batch.
    assert all(0 < share < 0.06 for share in shares)


def test_the_page_says_with_which_batches_a_bound_is_missed() -> None:
    results: dict[str, dict[str, Any]] = deepcopy(ResultsFile().by_name)
    fullest, *others = sorted(PACKING, reverse=True)
    for packing in others:
        results[f"{packing} items per message"] = results[f"{fullest} items per message"]
    met = cost_tables.packing_bounds(results)
    results["2 items per message"] = results["5 items per message"] = ResultsFile().by_name[
        "1 items per message"
    ]

    missed = cost_tables.packing_bounds(results)

    assert met.count("is met with any number of items") == 2
    assert missed.count("is missed with 2 and 5 items") == 2


@pytest.mark.parametrize(
    ("amount", "text"),
    [(2.50, "about 1/10: less than a tenth"), (3.60, "about 1/7: the bound of a tenth would")],
)
def test_the_page_says_what_less_of_distributed_map_would_mean(amount: float, text: str) -> None:
    assert text in cost_tables.start_only(with_a_million_at(amount))


def test_a_plot_has_each_value_at_its_position() -> None:
    flat = Line("flat & <level>", [(100, 1.0), (1_000, 1.0), (10_000, 1.0)])
    rising = Line("rising", [(100, 0.5), (10_000, 2.0)], dashed=True)

    (drawn,) = panels_of(svg("Title", "x", [Panel("All", [flat, rising])], max_y=2.0))

    dots = dots_of(drawn)
    assert [x for x, _ in dots[:3]] == sorted(x for x, _ in dots[:3])
    assert len({y for _, y in dots[:3]}) == 1
    assert dots[1][0] - dots[0][0] == pytest.approx(dots[2][0] - dots[1][0], abs=0.2)
    assert dots[4][1] < dots[0][1] < dots[3][1]
    assert "flat & <level>" in [text.text for text in drawn.iter(f"{SVG}text")]


def test_panels_have_the_same_axes() -> None:
    long, short = Line("a", [(100, 1.0), (10_000, 1.0)]), Line("b", [(100, 1.0), (1_000, 1.0)])

    upper, lower = panels_of(svg("T", "x", [Panel("1", [long]), Panel("2", [short])], max_y=2.0))

    assert dots_of(upper)[0] == dots_of(lower)[0]
    assert dots_of(upper)[1][0] > dots_of(lower)[1][0]


def test_names_of_lines_that_end_together_stand_apart_and_above_the_axis() -> None:
    lines = [Line(f"line {number}", [(100, 1.0), (1_000, 0.1)]) for number in range(6)]

    (drawn,) = panels_of(svg("T", "x", [Panel("1", lines)], max_y=2.0))

    texts = {text.text: float(text.get("y", "")) for text in drawn.iter(f"{SVG}text")}
    ys = sorted(texts[line.name] for line in lines)
    assert all(below - above >= 12 for above, below in pairwise(ys))
    assert ys[-1] < texts["100"]


def panels_of(text: str) -> list[ET.Element]:
    return list(ET.fromstring(text).iter(f"{SVG}g"))  # noqa: S314 - The plot that we drew.


def dots_of(drawn: ET.Element) -> list[tuple[float, float]]:
    return [
        (float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in drawn.iter(f"{SVG}circle")
    ]
