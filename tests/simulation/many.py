"""Many histories, on all processors, and what they add up to."""

import gc
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from multiprocessing import get_context

from tests.simulation.happenings import Met
from tests.simulation.running import Result, run
from tests.simulation.script import Script, Theme, write
from tests.simulation.shrinking import shrink

_SEEDS_A_TASK = 20
_TOLD = 3


@dataclass(slots=True)
class Sum:
    histories: int = 0
    steps: int = 0
    commits: int = 0
    faults: int = 0
    processor_seconds: float = 0
    met: Met = field(default_factory=Counter)
    failed: tuple[tuple[int, str], ...] = ()

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(
            self.histories + other.histories,
            self.steps + other.steps,
            self.commits + other.commits,
            self.faults + other.faults,
            self.processor_seconds + other.processor_seconds,
            self.met + other.met,
            (*self.failed, *other.failed),
        )

    def __str__(self) -> str:
        rate = self.histories / self.processor_seconds if self.processor_seconds else 0
        return (
            f"{self.histories} histories of {self.steps / max(1, self.histories):.0f} steps on "
            f"average, {self.commits} commits, {self.faults} faults: {len(self.failed)} failed; "
            f"{rate:.0f} histories a second of one processor"
        )


def judge(script: Script) -> Result:
    """Run a script; a plain one a second time without its faults, which must change nothing."""
    result = run(script)
    if result.violation is None and script.theme is Theme.PLAIN and result.faults:
        calm = run(script, faults=False)
        if calm.violation is not None:
            calm.violation = f"without faults: {calm.violation}"
            return calm
        if calm.finished != result.finished:
            differing = sorted(calm.finished.items() ^ result.finished.items())
            result.violation = f"faults changed what was finished: {differing}"
    return result


def run_some(seeds: range) -> Sum:
    began = time.process_time()
    # Collecting garbage would take a third of the time, and a history leaves next to none. What is
    # there already, all the modules, is not looked at again.
    gc.freeze()
    gc.disable()
    results = [judge(write(seed)) for seed in seeds]
    gc.enable()
    gc.collect()
    return Sum(
        histories=len(results),
        steps=sum(result.steps for result in results),
        commits=sum(result.commits for result in results),
        faults=sum(result.faults for result in results),
        processor_seconds=time.process_time() - began,
        met=Counter(chain.from_iterable(result.met.elements() for result in results)),
        failed=tuple(
            (seed, result.violation)
            for seed, result in zip(seeds, results, strict=True)
            if result.violation
        ),
    )


def run_many(first: int, count: int, jobs: int, most_seconds: float | None = None) -> Sum:
    """Histories of so many seeds in parallel, ending early when time is up."""
    tasks = [
        range(start, min(start + _SEEDS_A_TASK, first + count))
        for start in range(first, first + count, _SEEDS_A_TASK)
    ]
    began = time.monotonic()
    total = Sum()
    for part in _results(tasks, jobs):
        total += part
        if most_seconds is not None and time.monotonic() - began > most_seconds:
            break
    return total


def _results(tasks: list[range], jobs: int) -> Iterator[Sum]:
    if jobs == 1:
        yield from map(run_some, tasks)
        return
    with get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(run_some, tasks)


def stories(failed: tuple[tuple[int, str], ...]) -> Iterator[str]:
    """The first failures, each shrunk to what is needed to see it."""
    for seed, violation in islice(failed, _TOLD):
        small = shrink(write(seed), violation, judge)
        result = run(small, tell=True)
        faults = sum(len(step.faults) for step in small.steps)
        yield "\n".join(
            (
                f"seed {seed}: {violation}",
                f"shrunk to {len(small.steps)} steps and {faults} faults:",
                *result.story,
                f"=> {result.violation}",
            )
        )
