"""Exponential pauses with jitter."""

from hypothesis import given
from hypothesis import strategies as st

from forgeledger.backoff import pause_seconds


def test_a_pause_doubles_with_each_try_up_to_the_longest():
    assert [pause_seconds(tries, 0.5, 3) for tries in range(5)] == [0.5, 1, 2, 3, 3]


def test_the_jitter_is_a_share_of_the_pause():
    assert [pause_seconds(3, 1, 60, jitter) for jitter in (0, 0.25, 1)] == [0, 2, 8]


@given(st.integers(0, 2**80), st.floats(0, 1))
def test_a_pause_has_bounds_after_any_number_of_tries(tries, jitter):
    assert 0 <= pause_seconds(tries, 0.02, 0.5, jitter) <= 0.5
