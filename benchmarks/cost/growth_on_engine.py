"""The growth of a job on the local engine: requests, units, processor time, cost and memory.

The whole local cloud with its function processes, and two worker processes with the SDK:
`python -m benchmarks.cost.growth_on_engine [items ...]`; it reads Linux's /proc. A job has as many
lanes as one of its size is given. Before and after the jobs of each size run jobs of a thousand
items, which it is compared with: the machine is not as quick at all times.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.calibration import laid_beside
from benchmarks.call_log import CallLog
from benchmarks.cost import engine_usage
from benchmarks.cost.engine_usage import FUNCTIONS
from benchmarks.cost.growth import BASE, ENGINE_SIZES, engine_verdicts
from benchmarks.cost.job_meter import ENGINE_RESULTS, Results
from benchmarks.cost.usage import Usage
from benchmarks.speed.throughput import WARMING_ITEMS, Bench
from benchmarks.speed.throughput_report import Run
from forgeledger.jobs.model.ids import lanes_for
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud
from tests.simulation.arguments import positive

_WORKERS: Final = 2
_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
# Jobs of a size; each of the smallest uses little more than can be measured.
_RUNS: Final = {100: 12, 1_000: 6, 10_000: 3}
# Of a thousand items, before the jobs of a size and after them.
_BESIDE: Final = 6


@dataclass(frozen=True)
class Job:
    """One job, and what its functions' processes took, as on a quiet machine."""

    run: Run
    processor_seconds: Mapping[str, float]
    most_kilobytes: int

    @property
    def usage(self) -> Usage:
        return engine_usage.usage(self.run.tally, self.run.http_requests, self.processor_seconds)

    @property
    def requests(self) -> int:
        return engine_usage.requests(self.run.tally, self.run.http_requests)

    @property
    def items_a_second(self) -> float:
        return self.run.items / (self.run.register_seconds + self.run.work_seconds)


def main(sizes: Sequence[int]) -> int:
    results = Results(ENGINE_RESULTS)
    with tempfile.TemporaryDirectory(prefix="forgeledger-bench-") as folder:
        (Path(folder) / "log").mkdir()
        with (
            CallLog(Path(folder) / "log") as log,
            LocalCloud(state_dir=Path(folder) / "state") as cloud,
        ):
            os.environ.update(client_environment(cloud.description.endpoint_url))
            bench = Bench(cloud, log, _WORKERS, hand_queue="")
            # Each function has started its processes before.
            bench.ours(_names(WARMING_ITEMS))
            before = _jobs(bench, BASE, _BESIDE)
            for items in sizes:
                jobs = _jobs(bench, items, _RUNS.get(items, 1))
                after = _jobs(bench, BASE, _BESIDE)
                told = {**summary(jobs), "beside": summary([*before, *after])}
                before = after
                results.keep(f"job of {items}", told)
                print(f"{items:>9,}  {told}", flush=True)
    verdicts = engine_verdicts(results.by_name)
    for line, kept in verdicts:
        print(f"{line} {'Kept.' if kept else 'MISSED.'}")
    return int(not all(kept for _, kept in verdicts))


def _jobs(bench: Bench, items: int, number: int) -> list[Job]:
    return [measured(bench, items) for _ in range(number)]


def measured(bench: Bench, items: int) -> Job:
    began = processor_seconds(bench.cloud)
    with laid_beside() as yardstick:
        run = bench.ours(_names(items))
    assert (run.wrongs.lost, run.wrongs.doubled) == (0, 0), run.wrongs
    ended = processor_seconds(bench.cloud)
    return Job(
        run=run,
        processor_seconds={
            name: yardstick.corrected(ended[name] - began[name]) for name in FUNCTIONS
        },
        most_kilobytes=most_kilobytes(bench.cloud),
    )


def summary(jobs: Sequence[Job]) -> dict[str, Any]:
    """Medians over jobs of one size: all of the whole job, but for the memory and the load."""
    items = jobs[0].run.items
    usages = [job.usage.told() for job in jobs]
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
        # Ticks of a hundredth of a second are too long for a median of small jobs.
        "processorSeconds": round(
            statistics.mean(sum(job.processor_seconds.values()) for job in jobs), 4
        ),
        "mostKilobytes": max(job.most_kilobytes for job in jobs),
        "itemsPerSecond": round(statistics.median(job.items_a_second for job in jobs)),
        "load": round(max(job.run.load for job in jobs), 1),
    }


def processor_seconds(cloud: LocalCloud) -> dict[str, float]:
    """Of all processes of each function that live, since each began."""
    return {name: _seconds(cloud, function) for name, function in FUNCTIONS.items()}


def _seconds(cloud: LocalCloud, function: str) -> float:
    ticks = 0
    for pid in cloud.function_pids(function):
        # The name in brackets may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_A_SECOND


def most_kilobytes(cloud: LocalCloud) -> int:
    """The largest that any function's process has ever been."""
    return max(
        int(line.split()[1])
        for function in FUNCTIONS.values()
        for pid in cloud.function_pids(function)
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )


def _names(number: int) -> list[str]:
    return [f"invoice-{each:07d}" for each in range(number)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=positive, nargs="*", help="items of each job")
    sys.exit(main(parser.parse_args().sizes or ENGINE_SIZES))
