"""JSON values as text, and times as the contract writes them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgeledger.json_text import from_text, iso, iso_of, parse_instant, to_text
from tests.support.builders import NOW

FROM_2000_TO_2100 = st.integers(946_684_800_000, 4_102_444_800_000)


def test_times_are_utc_with_milliseconds() -> None:
    local = datetime(2026, 1, 1, 2, 0, 0, 7_999, timezone(timedelta(hours=2)))

    assert iso(0) == "1970-01-01T00:00:00.000Z"
    assert iso(NOW + 7) == "2026-01-01T00:00:00.007Z"
    assert iso_of(local) == "2026-01-01T00:00:00.007Z"
    assert iso_of(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


@given(FROM_2000_TO_2100)
def test_a_time_that_was_written_is_read_again(at: int) -> None:
    assert parse_instant(iso(at)) == at


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000999Z",
        "2026-01-01T05:30:00+05:30",
        "2025-12-31T16:00:00-08:00",
        "2026-01-01t00:00:00Z",
        "2026-01-01 00:00:00+00:00",
    ],
)
def test_a_time_may_have_any_zone(text: str) -> None:
    assert parse_instant(text) == NOW


@pytest.mark.parametrize("text", ["", "now", "1767225600", "2026-13-01T00:00:00Z"])
def test_a_text_that_is_no_time_is_refused_by_its_rule(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time with its zone as in 2026-11-21T10:00:00Z"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00Z",
        "2026-01-01T00:00Z",
        "2026-01-01T00:00:00+01",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00,5Z",
        "20260101T000000Z",
        "2026-W01-4T00:00:00Z",
        "2026-001T00:00:00Z",
    ],
)
def test_a_time_in_part_or_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time with its zone"):
        parse_instant(text)


@pytest.mark.parametrize("value", [None, {}, {"a": [1, 0.5, True]}, "\u00e9\U0001f600", [], 2**70])
def test_a_json_value_survives_as_compact_text(value: Any) -> None:
    text = to_text(value, 100)

    assert from_text(text) == value
    assert ": " not in text


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (float("nan"), "must be a JSON value"),
        ("\ud800", "must be valid Unicode"),
        ("\u00e9" * 5, "must be at most 11 bytes of JSON, not 12"),
    ],
)
def test_a_value_that_cannot_be_stored_is_refused_by_its_rule(value: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        to_text(value, 11)
