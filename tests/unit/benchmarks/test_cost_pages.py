"""The docs say what the tools say of what was measured."""

from xml.etree import ElementTree as ET

import pytest

from benchmarks import costs
from benchmarks.plot import Line, svg

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
