"""Processor time of large jobs, as a ratio to small jobs that run in between, in the same process.

Other work on a machine slows a process down by a half, for seconds or for an hour, and slows what
runs directly before and after it as much. So a job is cut into slices, a reference job of a
thousand items runs between each two slices, and the median ratio of each kind of slice counts:

    1,000 | register 5,000 | 1,000 | register 5,000 | 1,000 | ... | work on 5,000 | 1,000
      a           b            a'          ->  b per item / mean of a and a' per item
"""

import contextlib
import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, Self

from benchmarks.calibration import Calibration
from benchmarks.cost.metered_cloud import MeteredCloud, metered_cloud
from benchmarks.cost.metered_job import WARM_UP, MeteredRun, Workload, run

REFERENCE: Final = Workload(items=1_000)
# Taken before each reference job.
_CALIBRATION_SAMPLES: Final = 50


class ReferenceJobs:
    """Jobs of a thousand items on a cloud of their own."""

    def __init__(self, cloud: MeteredCloud) -> None:
        self._cloud = cloud
        self._normalized: list[float] = []
        run(cloud, WARM_UP)
        self.last_seconds = self._run_job()

    @classmethod
    @contextlib.contextmanager
    def in_this_process(cls) -> Iterator[Self]:
        with metered_cloud() as cloud:
            yield cls(cloud)

    def seconds_around(self) -> float:
        """The mean of the last reference job and of one that is run now."""
        before, self.last_seconds = self.last_seconds, self._run_job()
        return (before + self.last_seconds) / 2

    @property
    def seconds(self) -> float:
        """The calibrated median of all reference jobs until now."""
        return statistics.median(self._normalized)

    def _run_job(self) -> float:
        calibration = Calibration()
        for _ in range(_CALIBRATION_SAMPLES):
            calibration.sample()
        seconds = run(self._cloud, REFERENCE).consumption.processor_seconds
        self._cloud.tables.clear()
        self._normalized.append(calibration.normalized(seconds))
        return seconds


def measure_paired(
    workload: Workload,
    reference_jobs: ReferenceJobs,
    *,
    runs: int,
    slices: int,
    traced_one_in: int = 0,
) -> tuple[MeteredRun, float]:
    """The job, and the ratio of an item's processor time to that of a reference job's item.

    Everything else is the same in each run; it is that of the first.
    """
    ratios: dict[str, list[float]] = defaultdict(list)
    metered: list[MeteredRun] = []
    for _ in range(runs):
        with metered_cloud(traced_one_in) as cloud:
            run(cloud, WARM_UP)
            slice_start = cloud.processor_seconds

            def compare(step: str, items: int, cloud: MeteredCloud = cloud) -> None:
                nonlocal slice_start
                seconds = cloud.processor_seconds - slice_start
                reference_seconds = reference_jobs.seconds_around() / REFERENCE.items
                ratios[step].append(seconds / items / reference_seconds)
                slice_start = cloud.processor_seconds

            metered.append(run(cloud, workload, workload.items // slices, compare))
    return metered[0], sum(map(statistics.median, ratios.values()))
