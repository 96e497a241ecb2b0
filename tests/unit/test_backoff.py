"""Exponential pauses, and how long a failed item waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgeledger.backoff import backoff_ms, pause_seconds


def test_a_pause_doubles_with_each_try_up_to_the_longest():
    assert [pause_seconds(tries, 0.5, 3) for tries in range(5)] == [0.5, 1, 2, 3, 3]


def test_the_draw_is_a_share_of_the_pause():
    assert [pause_seconds(3, 1, 60, draw) for draw in (0, 0.25, 1)] == [0, 2, 8]


@given(st.integers(0, 2**80), st.floats(0, 1))
def test_a_pause_has_bounds_after_any_number_of_tries(tries, draw):
    assert 0 <= pause_seconds(tries, 0.02, 0.5, draw) <= 0.5


@pytest.mark.parametrize(
    ("attempt", "draw", "wait_ms"),
    [
        (1, 0.0, 0),
        (1, 0.5, 1_000),
        (2, 0.5, 2_000),
        (3, 0.5, 4_000),
        (3, 0.999, 7_992),
        (8, 0.5, 128_000),
        (9, 0.5, 150_000),
        (1_000_000_000, 0.5, 150_000),
        (0, 0.5, 500),
    ],
)
def test_the_wait_doubles_with_each_attempt_up_to_the_cap(attempt, draw, wait_ms):
    assert backoff_ms(attempt, base_seconds=2, cap_seconds=300, draw=draw) == wait_ms


@pytest.mark.parametrize("base_seconds", [0, -1])
def test_without_a_base_nothing_waits(base_seconds):
    assert backoff_ms(7, base_seconds=base_seconds, cap_seconds=300, draw=0.99) == 0
