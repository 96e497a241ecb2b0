"""RoundMissingAlarm as CloudWatch evaluates it, minute by minute, from a deployment on."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.support.deployed_template import properties

ALARM = properties("RoundMissingAlarm")
PERIODS: int = ALARM["EvaluationPeriods"]
MINUTES: int = ALARM["Metrics"][1]["MetricStat"]["Period"] // 60
DAY = 24 * 60
# CloudWatch shows a value that late.
DELAY = 3

Window = tuple[int, int]


def sliding(now: int) -> Iterator[Window]:
    """The periods that are evaluated, newest first; they end now."""
    return ((now - (back + 1) * MINUTES, now - back * MINUTES) for back in range(PERIODS + 1))


def by_the_clock(now: int) -> Iterator[Window]:
    """The same if periods are aligned, the newest one unfinished."""
    first = now // MINUTES * MINUTES
    return ((first - back * MINUTES, first - (back - 1) * MINUTES) for back in range(PERIODS + 1))


def counted(rounds: Sequence[int], start: int, end: int) -> int:
    return max(0, bisect_left(rounds, end) - bisect_left(rounds, start))


def states(
    rounds: Sequence[int],
    *,
    created: int,
    windows: Callable[[int], Iterator[Window]],
    fills_all: bool,
) -> Iterator[str]:
    """The alarm's state in each minute after the deployment.

    With `fills_all` FILL makes zeros of a metric without any value, otherwise it leaves it empty:
    AWS documents neither.
    """
    state = "INSUFFICIENT_DATA"
    for now in range(created, created + DAY):
        counts = [
            (end > created, counted(rounds, start, min(end, now - DELAY + 1)))
            for start, end in windows(now)
        ]
        is_empty = not fills_all and not any(count for _, count in counts)
        values = [None if is_empty or not polled else count for polled, count in counts[:PERIODS]]
        if any(value is not None and value >= ALARM["Threshold"] for value in values):
            state = "OK"
        elif None not in values:
            state = "ALARM"
        # Otherwise missing data is ignored: the state stays.
        yield state


each_way = [
    (windows, fills_all) for windows in (sliding, by_the_clock) for fills_all in (True, False)
]


@pytest.mark.parametrize(("windows", "fills_all"), each_way)
@pytest.mark.parametrize("rate", [1, 5, 17, 30, 59, 60])
@pytest.mark.parametrize("created", [1_000_000, 1_000_011, 1_000_019])
def test_rounds_that_run_as_scheduled_are_never_missed_from_the_first_minute_on(
    windows, fills_all, rate, created
):
    # The first round comes after a rate; a late one is a minute late.
    rounds = [created + rate * number + number % 2 for number in range(1, DAY // rate + 1)]

    history = set(states(rounds, created=created, windows=windows, fills_all=fills_all))

    assert history == {"INSUFFICIENT_DATA", "OK"}


@pytest.mark.parametrize(("windows", "fills_all"), each_way)
@pytest.mark.parametrize("rate", [1, 5, 60])
def test_rounds_that_cease_are_missed_within_three_hours_and_stay_missed(windows, fills_all, rate):
    rounds = [1_000_000 + rate * number for number in range(1, DAY // 2 // rate)]

    history = list(states(rounds, created=1_000_000, windows=windows, fills_all=fills_all))

    missed = history.index("ALARM")
    assert 0 < missed - (rounds[-1] - 1_000_000) <= 180
    assert set(history[missed:]) == {"ALARM"}
