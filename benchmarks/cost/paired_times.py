"""Processor time of large jobs held against small ones that run in between, in the same process.

Neighbours on a machine slow a process down by a half for seconds or for an hour, and they slow
what runs right before and right after it as much. So a job is cut into slices, a job of a thousand
items runs between each two, and of each kind of slice the median of the quotients counts:

    1,000 | register 5,000 | 1,000 | register 5,000 | 1,000 | ... | work on 5,000 | 1,000
      a           b            a'          ->  b for an item / mean of a and a' for an item
"""

import contextlib
import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, Self

from benchmarks.calibration import Yardstick
from benchmarks.cost.metered_cloud import MeteredCloud, metered_cloud
from benchmarks.cost.metered_job import WARMING, Job, Measured, run

THOUSAND: Final = Job(items=1_000)
# Laid before each job of a thousand items.
_YARDS: Final = 50


class Beside:
    """Jobs of a thousand items on a cloud of their own."""

    def __init__(self, cloud: MeteredCloud) -> None:
        self._cloud = cloud
        self._corrected: list[float] = []
        run(cloud, WARMING)
        self.last = self._run_one()

    @classmethod
    @contextlib.contextmanager
    def in_this_process(cls) -> Iterator[Self]:
        with metered_cloud() as cloud:
            yield cls(cloud)

    def around(self) -> float:
        """Seconds of the job before this moment and of the one after it, on average."""
        before, self.last = self.last, self._run_one()
        return (before + self.last) / 2

    @property
    def seconds(self) -> float:
        """What a thousand items take, by all that ran so far, as on a quiet machine."""
        return statistics.median(self._corrected)

    def _run_one(self) -> float:
        yardstick = Yardstick()
        for _ in range(_YARDS):
            yardstick.lay()
        seconds = run(self._cloud, THOUSAND).used.processor_seconds
        self._cloud.tables.forget()
        self._corrected.append(yardstick.corrected(seconds))
        return seconds


def steadily(
    job: Job, beside: Beside, *, runs: int, slices: int, traced_one_in: int = 0
) -> tuple[Measured, float]:
    """The job, and how many times the processor time of a job of a thousand an item of it takes.

    What was used is the same in each run; it is that of the first.
    """
    quotients: dict[str, list[float]] = defaultdict(list)
    measured: list[Measured] = []
    for _ in range(runs):
        with metered_cloud(traced_one_in) as cloud:
            run(cloud, WARMING)
            at = cloud.processor_seconds

            def look(doing: str, items: int, cloud: MeteredCloud = cloud) -> None:
                nonlocal at
                took = cloud.processor_seconds - at
                an_item_beside = beside.around() / THOUSAND.items
                quotients[doing].append(took / items / an_item_beside)
                at = cloud.processor_seconds

            measured.append(run(cloud, job, job.items // slices, look))
    return measured[0], sum(map(statistics.median, quotients.values()))
