"""Measures jobs on the metered services, and keeps what they used beside this file.

`python -m benchmarks.metering --items 1000 100000` replaces the kept figures of these sizes;
`--packing` measures how they depend on what a message carries, `--by-hand` the other designs.
"""

import argparse
import json
import platform
import statistics
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmarks.metered_by_hand import measure_by_hand
from benchmarks.metered_job import Job, Measured, measure

RESULTS: Final = Path(__file__).parent / "results" / "metered.json"
ENGINE_RESULTS: Final = RESULTS.with_name("engine.json")
SIZES: Final = (100, 1_000, 10_000, 100_000)
PACKING: Final = (1, 2, 5, 10, 25, 50, 90)
PACKING_ITEMS: Final = 4_800
# A job of a million items has so many.
PACKING_LANES: Final = 16
BY_HAND_ITEMS: Final = 2_000
# A small job is run again until so many items have been measured, and at least this often.
_ENOUGH_ITEMS: Final = 10_000
_LEAST_RUNS: Final = 3
# From here on a job has enough invocations to trace the memory of some of them.
_LARGE: Final = 50_000
_TRACED_ONE_IN: Final = 97
_BESIDE_RUNS: Final = 5


def repeated(job: Job) -> Measured:
    """Medians of the times; what was used of the services is the same in each run."""
    if job.items >= _LARGE:
        return measure(job, _TRACED_ONE_IN)
    runs = [measure(job) for _ in range(max(_LEAST_RUNS, _ENOUGH_ITEMS // job.items // 2))]
    return replace(
        runs[0],
        processor_seconds=statistics.median(run.processor_seconds for run in runs),
        most_bytes=measure(job, traced_one_in=1).most_bytes,
    )


class Results:
    """The kept figures, by what was measured."""

    def __init__(self, path: Path = RESULTS) -> None:
        self._path = path
        self.by_name: dict[str, dict[str, Any]] = (
            json.loads(path.read_text()) if path.exists() else {}
        )

    def keep(self, name: str, told: dict[str, Any]) -> None:
        self.by_name[name] = {**told, "python": platform.python_version()}
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps(self.by_name, indent=1, sort_keys=True) + "\n")


def main(sizes: Sequence[int], fixed_lanes: int | None, *, packing: bool, by_hand: bool) -> int:
    # Powertools warns of what it would warn of in Lambda; here it is thrown away with the log.
    warnings.simplefilter("ignore")
    results = Results()
    for items in sizes:
        name = f"job of {items}" + (f", {fixed_lanes} lanes" if fixed_lanes else "")
        before = _thousands() if items >= _LARGE else []
        measured = repeated(Job(items=items, lanes=fixed_lanes))
        after = _thousands() if items >= _LARGE else []
        _keep(results, name, measured, before + after)
    for items_per_message in PACKING if packing else ():
        job = Job(items=PACKING_ITEMS, lanes=PACKING_LANES, items_per_message=items_per_message)
        _keep(results, f"{items_per_message} items a message", measure(job), [])
    for design in ("naive", "safe") if by_hand else ():
        for how in ("queue", "direct"):
            told = measure_by_hand(design, how, BY_HAND_ITEMS)
            results.keep(f"{design}, {how}", told)
            print(f"{design}, {how}: {told}", flush=True)
    return 0


def _thousands() -> list[float]:
    """Processor time of jobs of 1,000 items, to compare a large one with in the same process."""
    return [measure(Job(items=1_000)).processor_seconds for _ in range(_BESIDE_RUNS)]


def _keep(results: Results, name: str, measured: Measured, beside: Sequence[float]) -> None:
    told = measured.told()
    if beside:
        told["processorSecondsOfAThousandBeside"] = round(statistics.median(beside), 4)
    results.keep(name, told)
    print(f"{name}: {told}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, nargs="*", default=[])
    parser.add_argument("--lanes", type=int, help="for all sizes, instead of what a size is given")
    parser.add_argument("--packing", action="store_true")
    parser.add_argument("--by-hand", action="store_true")
    given = parser.parse_args()
    nothing = not (given.items or given.packing or given.by_hand)
    sizes = given.items or (SIZES if nothing else ())
    sys.exit(
        main(
            sizes,
            given.lanes,
            packing=given.packing or nothing,
            by_hand=given.by_hand or nothing,
        )
    )
