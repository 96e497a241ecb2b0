import io
from datetime import UTC, datetime

import pytest
from rich.cells import cell_len

from forgeledger.cli.output import (
    Color,
    Output,
    aligned,
    duration,
    facts,
    printable,
    short_json,
)
from tests.unit.cli.terminals import Terminal


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (99, "99 s"), (200, "3 min 20 s"), (7_500, "2 h 05 min")],
)
def test_durations_are_read_at_a_glance(seconds, text):
    assert duration(seconds) == text


def test_columns_are_as_wide_as_their_widest_cell():
    assert aligned([["a", "bb"], ["ccc", ""]]) == ["a    bb", "ccc"]


def test_facts_leave_out_what_has_no_value():
    rows = [("name", "x"), ("none", None), ("empty", ""), ("zero", 0), ("yes", True)]

    assert facts(rows) == ["name  x", "zero  0", "yes   yes"]


def test_times_are_in_utc():
    assert facts([("at", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))]) == ["at  2026-01-02 03:04:05"]


def test_long_json_is_cut():
    assert short_json("x" * 50, 10) == '"xxxxxx...'


def test_unprintable_letters_are_spelled_out():
    assert printable("a\tb\x1b\u202e") == "a\\tb\\x1b\\u202e"


@pytest.mark.parametrize(
    ("color", "environ", "on_terminal", "is_colored"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {}, True, False),
    ],
)
def test_states_have_a_color_where_it_is_wanted(color, environ, on_terminal, is_colored):
    screen = Terminal() if on_terminal else io.StringIO()
    output = Output(color=Color(color), environ=environ, out=screen)

    output.lines(["j-4  FAILED, 1 of 2 items completed"])

    red = "\x1b[31mFAILED\x1b[0m" if is_colored else "FAILED"
    assert screen.getvalue() == f"j-4  {red}, 1 of 2 items completed\n"


def test_a_document_never_has_a_color():
    screen = Terminal()
    output = Output(as_json=True, color=Color.ALWAYS, out=screen)

    output.record({"status": "FAILED"}, "FAILED")

    assert screen.getvalue() == '{"status": "FAILED"}\n'


def test_a_name_from_outside_cannot_bring_colors_of_its_own():
    screen = Terminal()

    Output(color=Color.ALWAYS, out=screen).lines(["\x1b[32mmine"])

    assert screen.getvalue() == "\\x1b[32mmine\n"


def test_a_heading_is_no_state():
    screen = Terminal()

    rows = [({}, ("j-4", "FAILED"))]
    Output(color=Color.ALWAYS, out=screen).table(("JOB", "FAILED"), rows, empty="no jobs")

    assert screen.getvalue() == "JOB  FAILED\nj-4  \x1b[31mFAILED\x1b[0m\n"


@pytest.mark.parametrize("name", ["a\tb", "\u65e5\u672c", "e\u0301", "\N{KEY}"])
def test_columns_are_aligned_as_a_terminal_shows_them(name):
    screen = Terminal()

    rows = [({}, (name, "x")), ({}, ("longest", "y"))]
    Output(color=Color.NEVER, out=screen).table(("NAME", "S"), rows, empty="no jobs")

    lines = screen.getvalue().splitlines()
    assert {cell_len(line) for line in lines} == {len("longest  y")}
    assert lines[1].startswith(printable(name))
