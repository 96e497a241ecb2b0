"""Measures jobs on the metered services, and keeps what they used beside this file.

`python -m benchmarks.cost.job_meter --items 1000 100000` replaces the kept figures of these sizes;
`--packing` measures how they depend on what a message carries, `--by-hand` the other designs.
"""

import argparse
import json
import platform
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.cost.metered_job import Job, measure
from benchmarks.cost.metered_naive import measure_by_hand
from benchmarks.cost.paired_times import THOUSAND, Beside, steadily
from tests.simulation.arguments import positive

RESULTS: Final = Path(__file__).parent.parent / "results" / "metered.json"
ENGINE_RESULTS: Final = RESULTS.with_name("engine.json")
SIZES: Final = (100, 1_000, 10_000, 100_000)
PACKING: Final = (1, 2, 5, 10, 25, 50, 90)
PACKING_ITEMS: Final = 4_800
# A job of a million items has so many.
PACKING_LANES: Final = 16
BY_HAND_ITEMS: Final = 2_000
# Of a small job.
_RUNS: Final = 4
# From here on a job runs once: it has enough invocations to trace the memory of some of them, and
# is cut into slices. They are as short in a larger job, so that the machine is as much the same
# in a slice and beside it, and there are more of them.
_LARGE: Final = 50_000
_TRACED_ONE_IN: Final = 97
_SLICE_ITEMS: Final = 10_000


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


def told_of(job: Job, beside: Beside, of_a_thousand: float, runs: int = _RUNS) -> dict[str, Any]:
    """Quotients are measured; seconds are what they make of those of a job of a thousand."""
    is_large = job.items >= _LARGE
    measured, times = steadily(
        job,
        beside,
        runs=1 if is_large else runs,
        slices=job.items // _SLICE_ITEMS if is_large else 1,
        traced_one_in=_TRACED_ONE_IN if is_large else 0,
    )
    seconds = times * of_a_thousand * job.items / THOUSAND.items
    return {**measured.told(seconds), "processorTimesAThousand": round(times, 4)}


def main(sizes: Sequence[int], fixed_lanes: int | None, *, packing: bool, by_hand: bool) -> int:
    # Powertools warns of what it would warn of in Lambda; here it is thrown away with the log.
    warnings.simplefilter("ignore")
    results = Results()
    with Beside.in_this_process() as beside:
        # The others are multiples of it.
        for items in sorted(sizes, key=lambda items: items != THOUSAND.items):
            name = f"job of {items}" + (f", {fixed_lanes} lanes" if fixed_lanes else "")
            job = Job(items=items, lanes=fixed_lanes)
            told = told_of(job, beside, _of_a_thousand(results, beside, job))
            if items < _LARGE:
                told["mostBytesOfAnInvocation"] = measure(job, traced_one_in=1).most_bytes
            _keep(results, name, told)
        for items_per_message in PACKING if packing else ():
            job = Job(items=PACKING_ITEMS, lanes=PACKING_LANES, items_per_message=items_per_message)
            told = told_of(job, beside, _of_a_thousand(results, beside, job), runs=1)
            _keep(results, f"{items_per_message} items a message", told)
    for design in ("naive", "safe") if by_hand else ():
        for how in ("queue", "direct"):
            _keep(results, f"{design}, {how}", measure_by_hand(design, how, BY_HAND_ITEMS))
    return 0


def _of_a_thousand(results: Results, beside: Beside, job: Job) -> float:
    """Processor seconds as they are kept, so that all figures have the same measure."""
    kept = results.by_name.get(f"job of {THOUSAND.items}")
    return beside.seconds if job == THOUSAND or kept is None else float(kept["processorSeconds"])


def _keep(results: Results, name: str, told: dict[str, Any]) -> None:
    results.keep(name, told)
    print(f"{name}: {told}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=positive, nargs="*", default=[])
    parser.add_argument(
        "--lanes", type=positive, help="for all sizes, instead of what a size is given"
    )
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
