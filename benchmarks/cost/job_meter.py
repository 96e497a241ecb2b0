"""Measure what jobs use on the metered cloud, and store it in benchmarks/results.

`python -m benchmarks.cost.job_meter --items 1000 100000` replaces the figures of these sizes,
`--packing` those of each number of items per message, `--small` those of jobs of few items and of
one whose items are not registered, `--by-hand` those of the other designs. Without options it
replaces all of them.
"""

import argparse
import json
import platform
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.cost.metered_job import Workload, measure
from benchmarks.cost.metered_naive import measure_naive
from benchmarks.cost.metered_small import SMALL_JOBS, measure_small
from benchmarks.cost.paired_times import REFERENCE, ReferenceJobs, measure_paired
from tests.simulation.arguments import positive

RESULTS: Final = Path(__file__).parent.parent / "results" / "metered.json"
ENGINE_RESULTS: Final = RESULTS.with_name("engine.json")
SIZES: Final = (100, 1_000, 10_000, 100_000)
PACKING: Final = (1, 2, 5, 10, 25, 50, 90)
PACKING_ITEMS: Final = 4_800
# As many as a job of a million items has.
PACKING_LANES: Final = 16
# At so many items a second the relay, which waits a second for more records and works on two parts
# of a shard at once, takes half of a second's commits together.
PACKING_ITEMS_PER_SECOND: Final = 100
HANDWRITTEN_ITEMS: Final = 2_000
HANDWRITTEN: Final = (
    ("naive", "queue"),
    ("naive", "direct"),
    ("safe", "queue"),
    ("safe", "direct"),
    ("batched", "queue"),
)
# Its reports register the items on the way.
UNREGISTERED: Final = Workload(items=1_000, registers=False)
UNREGISTERED_NAME: Final = "job of 1000, not registered"
# Runs of a small job.
_RUNS: Final = 4
# From this size on a job runs once: it has enough invocations to trace the memory of some of them,
# and is cut into slices. The slices of all sizes are equally short, so that the machine changes
# little between a slice and the reference job next to it.
_LARGE: Final = 50_000
_TRACED_ONE_IN: Final = 97
_SLICE_ITEMS: Final = 10_000


class ResultsFile:
    """Stored figures by the name of what was measured."""

    def __init__(self, path: Path = RESULTS) -> None:
        self._path = path
        self.by_name: dict[str, dict[str, Any]] = (
            json.loads(path.read_text()) if path.exists() else {}
        )

    def store(self, name: str, figures: dict[str, Any]) -> None:
        self.by_name[name] = {**figures, "python": platform.python_version()}
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps(self.by_name, indent=1, sort_keys=True) + "\n")
        print(f"{name}: {figures}", flush=True)


def figures_of(
    workload: Workload, reference_jobs: ReferenceJobs, results: ResultsFile, runs: int = _RUNS
) -> dict[str, Any]:
    """Ratios are measured; seconds are the ratio times those of a job of a thousand items."""
    is_large = workload.items >= _LARGE
    metered, ratio = measure_paired(
        workload,
        reference_jobs,
        runs=1 if is_large else runs,
        slices=workload.items // _SLICE_ITEMS if is_large else 1,
        traced_one_in=_TRACED_ONE_IN if is_large else 0,
    )
    # As stored, so that all figures have the same unit.
    stored = results.by_name.get(f"job of {REFERENCE.items}")
    reference_seconds = (
        reference_jobs.seconds
        if workload == REFERENCE or stored is None
        else float(stored["processorSeconds"])
    )
    seconds = ratio * reference_seconds * workload.items / REFERENCE.items
    return {**metered.figures(seconds), "processorTimeRatio": round(ratio, 4)}


def main(
    sizes: Sequence[int], fixed_lanes: int | None, *, packing: bool, small: bool, by_hand: bool
) -> int:
    # Powertools' warnings, which would go to the functions' logs.
    warnings.simplefilter("ignore")
    results = ResultsFile()
    with ReferenceJobs.in_this_process() as reference_jobs:
        # The reference size first: the seconds of the others are multiples of it.
        for items in sorted(sizes, key=lambda items: items != REFERENCE.items):
            workload = Workload(items=items, lanes=fixed_lanes)
            figures = figures_of(workload, reference_jobs, results)
            if items < _LARGE:
                figures["peakInvocationBytes"] = measure(workload, traced_one_in=1).peak_bytes
            suffix = f", {fixed_lanes} lanes" if fixed_lanes else ""
            results.store(f"job of {items}{suffix}", figures)
        for items_per_message in PACKING if packing else ():
            workload = Workload(
                items=PACKING_ITEMS,
                lanes=PACKING_LANES,
                items_per_message=items_per_message,
                relay_records=max(1, PACKING_ITEMS_PER_SECOND // items_per_message // 2),
            )
            figures = figures_of(workload, reference_jobs, results, runs=1)
            results.store(f"{items_per_message} items per message", figures)
        if small:
            figures = figures_of(UNREGISTERED, reference_jobs, results)
            results.store(UNREGISTERED_NAME, figures)
    for small_job in SMALL_JOBS if small else ():
        results.store(small_job.name, measure_small(small_job))
    for design, path in HANDWRITTEN if by_hand else ():
        results.store(f"{design}, {path}", measure_naive(design, path, HANDWRITTEN_ITEMS))
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--items", type=positive, nargs="*", default=[], help="the sizes of the jobs"
    )
    parser.add_argument(
        "--lanes", type=positive, help="of jobs of every size, instead of the product's default"
    )
    parser.add_argument("--packing", action="store_true", help="other numbers of items per message")
    parser.add_argument("--small", action="store_true", help="jobs of few items")
    parser.add_argument("--by-hand", action="store_true", help="the hand-written designs")
    options = parser.parse_args()
    everything = not (options.items or options.packing or options.small or options.by_hand)
    sys.exit(
        main(
            SIZES if everything else options.items,
            options.lanes,
            packing=options.packing or everything,
            small=options.small or everything,
            by_hand=options.by_hand or everything,
        )
    )
