from datetime import UTC, datetime

import pytest

from forgeledger.cli.output import aligned, duration, facts, printable, short_json


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
