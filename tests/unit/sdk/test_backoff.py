import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import InvalidSettingError


@pytest.mark.parametrize(("failed", "ceiling"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (99, 5.0)])
def test_the_wait_doubles_up_to_its_bound(failed, ceiling):
    backoff = Backoff(first_seconds=1.0, most_seconds=5.0)

    assert backoff.seconds(failed, draw=1.0) == ceiling


@given(st.integers(0, 1_000), st.floats(0, 1))
def test_the_wait_is_never_nothing_and_never_more_than_the_most(failed, draw):
    wait = Backoff(first_seconds=0.2, most_seconds=7.0).seconds(failed, draw)

    assert 0.1 <= wait <= 7.0


def test_two_workers_seldom_wait_equally_long():
    backoff = Backoff(first_seconds=1.0, most_seconds=100.0)

    assert len({backoff.seconds(6) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": 0}, {"attempts": "3"}, {"first_seconds": -1}, {"most_seconds": float("nan")}],
)
def test_a_backoff_that_could_not_be_waited_by_is_refused_by_the_name_of_its_part(wrong):
    with pytest.raises(InvalidSettingError, match=f"^{next(iter(wrong))}: must be a "):
        Backoff(**wrong)
