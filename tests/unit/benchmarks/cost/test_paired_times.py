"""Processor time that is held against jobs beside it: how quick the machine was must not show."""

from collections.abc import Iterator, Sequence

import pytest

from benchmarks.cost import metered_functions
from benchmarks.cost.metered_job import Job
from benchmarks.cost.paired_times import THOUSAND, Beside, steadily

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
JOB = Job(items=400)
SLICES = 4


class Machine:
    """Each look at its clock takes a time that is another one in each slice; stands for `time`."""

    def __init__(self, speeds: Sequence[float]) -> None:
        self._speeds = [*speeds, speeds[-1]]
        self._clock = 0.0

    def process_time(self) -> float:
        self._clock += self._speeds[0]
        return self._clock

    def around(self) -> float:
        """In the place of jobs of a thousand items, just as much slowed down."""
        return self._speeds.pop(0) * THOUSAND.items


@pytest.fixture
def times_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    def times_with(*speeds: float) -> float:
        machine = Machine(speeds)
        monkeypatch.setattr(metered_functions, "time", machine)
        return steadily(JOB, machine, runs=1, slices=SLICES)[1]

    return times_with


def test_how_quick_the_machine_was_in_a_slice_does_not_show(times_with) -> None:
    changing = times_with(1, 7, 2, 9, 4, 3, 8, 5)

    assert changing == pytest.approx(times_with(*[1] * 2 * SLICES), rel=0.01)


def test_a_moment_that_hit_one_slice_alone_does_not_show(times_with, monkeypatch) -> None:
    even = times_with(*[1] * 2 * SLICES)
    around, slices = Machine.around, iter(range(2 * SLICES))
    monkeypatch.setattr(
        Machine, "around", lambda self: around(self) * (0.1 if next(slices) == 2 else 1)
    )

    assert times_with(*[1] * 2 * SLICES) == pytest.approx(even, rel=0.2)


def test_jobs_beside_take_their_time() -> None:
    with Beside.in_this_process() as beside:
        before = beside.last

        assert beside.around() == (before + beside.last) / 2
        assert beside.seconds > 0
