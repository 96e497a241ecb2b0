"""Many histories, on all processors, and what they add up to."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise

from tests.simulation.coverage import Met
from tests.simulation.history_run import Result
from tests.simulation.processes import processes
from tests.simulation.script import FAMILY, write
from tests.simulation.shared_prefixes import judge, judge_family
from tests.simulation.shrinker import shrink

_TOLD = 3


@dataclass(slots=True)
class Sum:
    histories: int = 0
    # Of the histories whole, and those that were played, because no other had them before.
    steps: int = 0
    played: int = 0
    commits: int = 0
    faults: int = 0
    processor_seconds: float = 0
    met: Met = field(default_factory=Counter)
    failed: tuple[tuple[int, str], ...] = ()
    # By Ctrl-C: there would have been more.
    interrupted: bool = False

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(
            self.histories + other.histories,
            self.steps + other.steps,
            self.played + other.played,
            self.commits + other.commits,
            self.faults + other.faults,
            self.processor_seconds + other.processor_seconds,
            self.met + other.met,
            (*self.failed, *other.failed),
            self.interrupted or other.interrupted,
        )

    def __str__(self) -> str:
        number = max(1, self.histories)
        rate = self.histories / self.processor_seconds if self.processor_seconds else 0
        return (
            f"{self.histories} histories of {self.steps / number:.0f} steps on average, of which "
            f"{self.played / number:.0f} were played for one alone; as played {self.commits} "
            f"commits, {self.faults} faults: {len(self.failed)} failed; "
            f"{rate:.0f} histories a second of one processor"
        )


def run_some(seeds: range, *, alone: bool = False) -> Sum:
    """Histories of one family, together or each by itself."""
    began = time.process_time()
    # Collecting garbage would take a third of the time, and a history leaves next to none. What is
    # there already, all the modules, is not looked at again.
    gc.freeze()
    gc.disable()
    try:
        if alone:
            results = [judge(write(seed)) for seed in seeds]
        else:
            results = judge_family(seeds[0] // FAMILY, [seed % FAMILY for seed in seeds])
    finally:
        gc.enable()
        gc.collect()
    own = [_own(result) for result in results]
    met: Met = Counter()
    for each in own:
        met.update(each.met)
    return Sum(
        histories=len(results),
        steps=sum(result.steps for result in results),
        played=sum(each.steps for each in own),
        commits=sum(each.commits for each in own),
        faults=sum(each.faults for each in own),
        processor_seconds=time.process_time() - began,
        met=met,
        failed=tuple(
            (seed, result.violation)
            for seed, result in zip(seeds, results, strict=True)
            if result.violation
        ),
    )


def _own(result: Result) -> Result:
    """What was played for this history alone."""
    shared = result.shared
    if shared is None:
        return result
    return Result(
        steps=result.steps - shared.steps,
        commits=result.commits - shared.commits,
        faults=result.faults - shared.faults,
        met=result.met - shared.met,
    )


def run_many(
    first: int,
    count: int,
    jobs: int,
    most_seconds: float | None = None,
    *,
    alone: bool = False,
) -> Sum:
    """Histories of so many seeds in parallel, ending early when time is up or with Ctrl-C."""
    # A family to each, cut where the first and the last seed want it.
    bounds = [first, *range(first // FAMILY * FAMILY + FAMILY, first + count, FAMILY)]
    tasks = [range(*each) for each in pairwise([*bounds, first + count])]
    began = time.monotonic()
    total = Sum()
    try:
        for part in _results(partial(run_some, alone=alone), tasks, jobs):
            total += part
            if most_seconds is not None and time.monotonic() - began > most_seconds:
                break
    except KeyboardInterrupt:
        total.interrupted = True
    return total


def _results(run_one: Callable[[range], Sum], tasks: list[range], jobs: int) -> Iterator[Sum]:
    if jobs == 1:
        yield from map(run_one, tasks)
        return
    with processes(jobs) as pool:
        yield from pool.imap(run_one, tasks)


def stories(failed: tuple[tuple[int, str], ...]) -> Iterator[str]:
    """The first failures, each shrunk to what is needed to see it."""
    for seed, violation in islice(failed, _TOLD):
        small = shrink(write(seed), violation, judge)
        result = judge(small, tell=True)
        faults = sum(len(step.faults) for step in small.steps)
        yield "\n".join(
            (
                f"seed {seed}: {violation}",
                f"shrunk to {len(small.steps)} steps and {faults} faults:",
                *result.story,
                f"=> {result.violation}",
            )
        )
