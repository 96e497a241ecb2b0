"""The ratio to reference jobs does not depend on the machine's speed at the time."""

from collections.abc import Iterator, Sequence

import pytest

from benchmarks.cost import metered_functions
from benchmarks.cost.metered_job import Workload
from benchmarks.cost.paired_times import REFERENCE, ReferenceJobs, measure_paired

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
WORKLOAD = Workload(items=400)
SLICES = 4


class Machine:
    """In place of the module `time`: reading the clock advances it, in each slice differently."""

    def __init__(self, speeds: Sequence[float]) -> None:
        self._speeds = [*speeds, speeds[-1]]
        self._clock = 0.0

    def process_time(self) -> float:
        self._clock += self._speeds[0]
        return self._clock

    def seconds_around(self) -> float:
        """In place of reference jobs, which are slowed down as much."""
        return self._speeds.pop(0) * REFERENCE.items


@pytest.fixture
def times_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    def times_with(*speeds: float) -> float:
        machine = Machine(speeds)
        monkeypatch.setattr(metered_functions, "time", machine)
        return measure_paired(WORKLOAD, machine, runs=1, slices=SLICES)[1]

    return times_with


def test_how_quick_the_machine_was_in_a_slice_does_not_show(times_with) -> None:
    changing = times_with(1, 7, 2, 9, 4, 3, 8, 5)

    assert changing == pytest.approx(times_with(*[1] * 2 * SLICES), rel=0.01)


def test_a_moment_that_hit_one_slice_alone_does_not_show(times_with, monkeypatch) -> None:
    even = times_with(*[1] * 2 * SLICES)
    seconds_around, slices = Machine.seconds_around, iter(range(2 * SLICES))
    monkeypatch.setattr(
        Machine,
        "seconds_around",
        lambda self: seconds_around(self) * (0.1 if next(slices) == 2 else 1),
    )

    assert times_with(*[1] * 2 * SLICES) == pytest.approx(even, rel=0.2)


def test_other_jobs_lower_the_rate() -> None:
    with ReferenceJobs.in_this_process() as reference_jobs:
        before = reference_jobs.last_seconds

        mean = reference_jobs.seconds_around()

        assert mean == (before + reference_jobs.last_seconds) / 2
        assert reference_jobs.seconds > 0
