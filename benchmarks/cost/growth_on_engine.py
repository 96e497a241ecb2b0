"""What an item takes in larger and larger jobs on the local engine.

Runs the whole local cloud with its function processes and two worker processes with the SDK:
`python -m benchmarks.cost.growth_on_engine [items ...]`. It reads Linux's /proc. A job has as many
lanes as the product gives one of its size. Jobs of a thousand items run before and after the jobs
of each size and are the reference, since the machine's speed changes.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.calibration import background_calibration
from benchmarks.cost import engine_usage
from benchmarks.cost.bounds import print_bounds
from benchmarks.cost.engine_usage import FUNCTIONS
from benchmarks.cost.growth import BASE, ENGINE_SIZES, engine_bounds
from benchmarks.cost.job_meter import ENGINE_RESULTS, ResultsFile
from benchmarks.cost.usage import Usage
from benchmarks.sample_items import item_name
from benchmarks.speed.throughput import WARM_UP_ITEMS, ThroughputBench, recorded_cloud
from benchmarks.speed.throughput_report import Run
from forgeledger.jobs.model.ids import lanes_for
from forgeledger.local.local_cloud import LocalCloud
from tests.simulation.arguments import positive

_WORKERS: Final = 2
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
# Runs of each size: a single small job uses little more processor time than can be measured.
_RUNS: Final = {100: 12, 1_000: 6, 10_000: 3}
# Reference jobs before the jobs of a size, and as many after them.
_REFERENCE_RUNS: Final = 6


@dataclass(frozen=True)
class EngineRun:
    """One job, with the calibrated processor time of each function's processes."""

    run: Run
    processor_seconds: Mapping[str, float]
    peak_kilobytes: int

    @property
    def usage(self) -> Usage:
        return engine_usage.usage(self.run.tally, self.run.http_requests, self.processor_seconds)

    @property
    def requests(self) -> int:
        return engine_usage.requests(self.run.tally, self.run.http_requests)

    @property
    def items_per_second(self) -> float:
        return self.run.items / (self.run.register_seconds + self.run.work_seconds)


def main(sizes: Sequence[int]) -> int:
    results = ResultsFile(ENGINE_RESULTS)
    with recorded_cloud() as (cloud, log, _):
        bench = ThroughputBench(cloud, log, _WORKERS, handwritten_queue="")
        # Start the processes of each function before any is timed.
        bench.run_ledger(_names(WARM_UP_ITEMS))
        before = _run_jobs(bench, BASE, _REFERENCE_RUNS)
        for items in sizes:
            jobs = _run_jobs(bench, items, _RUNS.get(items, 1))
            after = _run_jobs(bench, BASE, _REFERENCE_RUNS)
            figures = {**summary(jobs), "reference": summary([*before, *after])}
            before = after
            results.store(f"job of {items}", figures)
    return print_bounds(engine_bounds(results.by_name))


def _run_jobs(bench: ThroughputBench, items: int, number: int) -> list[EngineRun]:
    return [_run_job(bench, items) for _ in range(number)]


def _run_job(bench: ThroughputBench, items: int) -> EngineRun:
    began = processor_seconds(bench.cloud)
    with background_calibration() as calibration:
        run = bench.run_ledger(_names(items))
    assert (run.errors.lost, run.errors.doubled) == (0, 0), run.errors
    ended = processor_seconds(bench.cloud)
    return EngineRun(
        run=run,
        processor_seconds={
            name: calibration.normalized(ended[name] - began[name]) for name in FUNCTIONS
        },
        peak_kilobytes=peak_kilobytes(bench.cloud),
    )


def summary(jobs: Sequence[EngineRun]) -> dict[str, Any]:
    """Of jobs of one size: medians of a whole job, but the maximum of memory and load."""
    items = jobs[0].run.items
    usages = [job.usage.figures() for job in jobs]
    names = sorted({name for usage in usages for name in usage})
    return {
        "items": items,
        "lanes": lanes_for(items),
        "jobs": len(jobs),
        "requests": statistics.median(job.requests for job in jobs),
        "usage": {
            name: round(statistics.median(usage.get(name, 0.0) for usage in usages), 6)
            for name in names
        },
        # The mean, since ticks of a hundredth of a second are too coarse for one small job.
        "processorSeconds": round(
            statistics.mean(sum(job.processor_seconds.values()) for job in jobs), 4
        ),
        "peakProcessKilobytes": max(job.peak_kilobytes for job in jobs),
        "itemsPerSecond": round(statistics.median(job.items_per_second for job in jobs)),
        "load": round(max(job.run.load for job in jobs), 1),
    }


def processor_seconds(cloud: LocalCloud) -> dict[str, float]:
    """Of each function's running processes together, since each started."""
    return {name: _seconds(cloud, function) for name, function in FUNCTIONS.items()}


def _seconds(cloud: LocalCloud, function: str) -> float:
    ticks = 0
    for pid in cloud.function_pids(function):
        # The process name in brackets may contain spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_SECOND


def peak_kilobytes(cloud: LocalCloud) -> int:
    """The largest resident size that any function process has had."""
    return max(
        int(line.split()[1])
        for function in FUNCTIONS.values()
        for pid in cloud.function_pids(function)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )


def _names(number: int) -> list[str]:
    return [item_name(index) for index in range(number)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=positive, nargs="*", help="items of each job")
    sys.exit(main(parser.parse_args().sizes or ENGINE_SIZES))
