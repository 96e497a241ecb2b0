"""When a row is looked at next, and which of these times need a wake at once."""

import pytest

from forgeledger.clock.model.next_look import delay_seconds, needs_wake, next_look
from tests.support.builders import NOW

MINUTE = 60_000


@pytest.mark.parametrize(
    ("times", "stored", "expected"),
    [
        ([], None, None),
        ([None, None], None, None),
        ([NOW + 5, None, NOW + 3], None, NOW + 3),
        # One that is stored and still to come is never moved later, nor taken away.
        ([NOW + 5], NOW + 3, NOW + 3),
        ([], NOW + 3, NOW + 3),
        ([NOW + 3], NOW + 5, NOW + 3),
        # One that has passed was looked at.
        ([NOW + 5], NOW, NOW + 5),
        ([], NOW, None),
        # What is due already, and could not be done, stays.
        ([NOW - 5], NOW - 9, NOW - 5),
    ],
)
def test_the_earliest_time_is_next_unless_an_earlier_one_is_still_to_come(
    times: list[int | None], stored: int | None, expected: int | None
) -> None:
    assert next_look(times, stored, NOW) == expected


@pytest.mark.parametrize(
    ("at", "stored", "needed"),
    [
        (None, None, False),
        (None, NOW, False),
        # The next tick finds it in time.
        (NOW + 10 * MINUTE, None, False),
        # A tick may just have passed, and the next one may be lost.
        (NOW + 2 * MINUTE, None, True),
        (NOW + 30_000, NOW + 10 * MINUTE, True),
        (NOW - 1, None, True),
        # Who stored it sent a wake.
        (NOW + 30_000, NOW + 30_000, False),
        (NOW - 1, NOW - 1, False),
        # That wake has come, and too early.
        (NOW + 500, NOW + 500, True),
    ],
)
def test_a_wake_is_sent_where_the_tick_is_too_late(
    at: int | None, stored: int | None, *, needed: bool
) -> None:
    assert needs_wake(at, stored, NOW) is needed


@pytest.mark.parametrize(
    ("at", "seconds"),
    [(NOW - 5_000, 0), (NOW, 0), (NOW + 1, 1), (NOW + 1_000, 1), (NOW + 10**9, 900)],
)
def test_a_wake_comes_at_its_second_or_right_after_it(at: int, seconds: int) -> None:
    assert delay_seconds(at, NOW) == seconds
