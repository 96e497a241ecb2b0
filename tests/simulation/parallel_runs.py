"""Run many histories in parallel processes, and add up their results."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise

from tests.simulation.coverage import CoverageCounts
from tests.simulation.history_result import HistoryResult
from tests.simulation.processes import processes
from tests.simulation.script import SEEDS_PER_GROUP, write_script
from tests.simulation.shared_prefixes import judge, judge_seed_group
from tests.simulation.shrinker import shrink

_FAILURES_PRINTED = 3


@dataclass(slots=True)
class RunTotal:
    histories: int = 0
    # Of whole histories; `own_steps` without the prefixes that other histories ran.
    steps: int = 0
    own_steps: int = 0
    commits: int = 0
    faults: int = 0
    processor_seconds: float = 0
    coverage: CoverageCounts = field(default_factory=Counter)
    failed: tuple[tuple[int, str], ...] = ()
    # By Ctrl-C, before all histories were run.
    interrupted: bool = False

    def __add__(self, other: "RunTotal") -> "RunTotal":
        return RunTotal(
            self.histories + other.histories,
            self.steps + other.steps,
            self.own_steps + other.own_steps,
            self.commits + other.commits,
            self.faults + other.faults,
            self.processor_seconds + other.processor_seconds,
            self.coverage + other.coverage,
            (*self.failed, *other.failed),
            self.interrupted or other.interrupted,
        )

    def __str__(self) -> str:
        number = max(1, self.histories)
        rate = self.histories / self.processor_seconds if self.processor_seconds else 0
        return (
            f"{self.histories} histories of {self.steps / number:.0f} steps on average, of which "
            f"{self.own_steps / number:.0f} were run for one history alone; "
            f"{self.commits} commits and {self.faults} faults were run; {len(self.failed)} failed; "
            f"{rate:.0f} histories per second and processor"
        )


def run_seeds(seeds: range, *, alone: bool = False) -> RunTotal:
    """Run histories of one seed group, together or each alone."""
    began = time.process_time()
    # Garbage collection would take a third of the time, and a history leaves next to no garbage.
    # The existing objects, all of the modules, are frozen for the final collection.
    gc.freeze()
    gc.disable()
    try:
        if alone:
            results = [judge(write_script(seed)) for seed in seeds]
        else:
            results = judge_seed_group(
                seeds[0] // SEEDS_PER_GROUP, [seed % SEEDS_PER_GROUP for seed in seeds]
            )
    finally:
        gc.enable()
        gc.collect()
    own_results = [_without_prefix(result) for result in results]
    coverage: CoverageCounts = Counter()
    for result in own_results:
        coverage.update(result.coverage)
    return RunTotal(
        histories=len(results),
        steps=sum(result.steps for result in results),
        own_steps=sum(result.steps for result in own_results),
        commits=sum(result.commits for result in own_results),
        faults=sum(result.faults for result in own_results),
        processor_seconds=time.process_time() - began,
        coverage=coverage,
        failed=tuple(
            (seed, result.violation)
            for seed, result in zip(seeds, results, strict=True)
            if result.violation
        ),
    )


def _without_prefix(result: HistoryResult) -> HistoryResult:
    """What was run for this history alone."""
    shared_prefix = result.shared_prefix
    if shared_prefix is None:
        return result
    return HistoryResult(
        steps=result.steps - shared_prefix.steps,
        commits=result.commits - shared_prefix.commits,
        faults=result.faults - shared_prefix.faults,
        coverage=result.coverage - shared_prefix.coverage,
    )


def run_many(
    first: int,
    count: int,
    jobs: int,
    most_seconds: float | None = None,
    *,
    alone: bool = False,
) -> RunTotal:
    """Run histories of `count` seeds in parallel; time limit and Ctrl-C end it early."""
    # One task per seed group, cut at the first and at the last seed.
    bounds = [
        first,
        *range(
            first // SEEDS_PER_GROUP * SEEDS_PER_GROUP + SEEDS_PER_GROUP,
            first + count,
            SEEDS_PER_GROUP,
        ),
    ]
    tasks = [range(*bound) for bound in pairwise([*bounds, first + count])]
    began = time.monotonic()
    total = RunTotal()
    try:
        for part in _results(partial(run_seeds, alone=alone), tasks, jobs):
            total += part
            if most_seconds is not None and time.monotonic() - began > most_seconds:
                break
    except KeyboardInterrupt:
        total.interrupted = True
    return total


def _results(
    run_one: Callable[[range], RunTotal], tasks: list[range], jobs: int
) -> Iterator[RunTotal]:
    if jobs == 1:
        yield from map(run_one, tasks)
        return
    with processes(jobs) as pool:
        yield from pool.imap(run_one, tasks)


def failure_reports(failed: tuple[tuple[int, str], ...]) -> Iterator[str]:
    """The traces of the first failures, each with a shrunk script."""
    for seed, violation in islice(failed, _FAILURES_PRINTED):
        small = shrink(write_script(seed), violation, judge)
        result = judge(small, traced=True)
        faults = sum(len(step.faults) for step in small.steps)
        yield "\n".join(
            (
                f"seed {seed}: {violation}",
                f"shrunk to {len(small.steps)} steps and {faults} faults:",
                *result.trace,
                f"=> {result.violation}",
            )
        )
