"""The docs say what the tools say of what was measured."""

from copy import deepcopy
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks import cost_tables, costs
from benchmarks.metering import Results
from benchmarks.other_designs import delivery
from benchmarks.plot import Line, svg
from benchmarks.usage import Usage, dollars

SVG = "{http://www.w3.org/2000/svg}"


def test_the_costs_page_carries_what_was_measured() -> None:
    text = costs.PAGE.read_text()

    assert costs.page(text) == text, "make bench-costs writes it anew"


def test_the_plot_is_of_what_was_measured() -> None:
    assert costs.PLOT.read_text() == costs.plot()


def test_what_was_promised_is_said_on_the_page() -> None:
    text = costs.PAGE.read_text()

    for line, kept in costs.verdicts():
        assert f"{line} {'Kept.' if kept else '**Missed.**'}" in text


def test_every_bound_is_kept() -> None:
    missed = [line for line, kept in costs.verdicts() if not kept]

    assert not missed, "\n".join(missed)
    assert len(costs.verdicts()) >= 5
    assert "**Missed.**" not in costs.PAGE.read_text()


@pytest.mark.parametrize(
    ("amount", "kept"),
    [(3.99, [True, True]), (4.01, [False, True]), (5.01, [False, True]), (5.03, [False, False])],
)
def test_a_million_items_that_are_dearer_miss_their_bounds(amount: float, kept: list[bool]) -> None:
    results: dict[str, dict[str, Any]] = deepcopy(Results().by_name)
    told = results["job of 1000000"]
    usage = Usage.of(told["usage"])
    times = (amount - dollars(delivery(told["items"]))) / dollars(usage)

    told["usage"] = usage.times(times).told()

    assert [each for _, each in cost_tables.verdicts(results)] == kept


def test_a_plot_puts_each_value_in_its_place() -> None:
    flat = Line("flat & <level>", [(100, 1.0), (1_000, 1.0), (10_000, 1.0)])
    rising = Line("rising", [(100, 0.5), (10_000, 2.0)], dashed=True)

    drawn = ET.fromstring(svg("Title", "x", "y", [flat, rising], most=2.0))  # noqa: S314 - Our own.

    dots = [
        (float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in drawn.iter(f"{SVG}circle")
    ]
    assert [x for x, _ in dots[:3]] == sorted(x for x, _ in dots[:3])
    assert len({y for _, y in dots[:3]}) == 1
    assert dots[1][0] - dots[0][0] == pytest.approx(dots[2][0] - dots[1][0], abs=0.2)
    assert dots[4][1] < dots[0][1] < dots[3][1]
    assert "flat & <level>" in [text.text for text in drawn.iter(f"{SVG}text")]
