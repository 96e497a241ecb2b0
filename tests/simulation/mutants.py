"""Mutation tests of the simulator: its checks must catch each of these defects."""

# ruff: noqa: T201 - What it prints is its result.

import argparse
import gc
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.simulation.arguments import positive
from tests.simulation.handlers import ERRORS_IN_CODE
from tests.simulation.mutant import Mutant
from tests.simulation.mutants_answers import ANSWERS
from tests.simulation.mutants_cancel import CANCEL
from tests.simulation.mutants_clients import CLIENTS
from tests.simulation.mutants_clock import CLOCK
from tests.simulation.mutants_creation import CREATION
from tests.simulation.mutants_dispatch import DISPATCH
from tests.simulation.mutants_domain import DOMAIN
from tests.simulation.mutants_events import EVENTS
from tests.simulation.mutants_expiry import EXPIRY
from tests.simulation.mutants_flow import FLOW
from tests.simulation.mutants_guarantees import GUARANTEES
from tests.simulation.mutants_held import HELD
from tests.simulation.mutants_idle import IDLE
from tests.simulation.mutants_items import ITEMS
from tests.simulation.mutants_keys import KEYS
from tests.simulation.mutants_queue import QUEUE
from tests.simulation.mutants_reads import READS
from tests.simulation.mutants_redrive import REDRIVE
from tests.simulation.mutants_registration import REGISTRATION
from tests.simulation.mutants_relay import RELAY
from tests.simulation.mutants_reports import REPORTS
from tests.simulation.mutants_resume import RESUME
from tests.simulation.mutants_retention import RETENTION
from tests.simulation.mutants_routes import ROUTES
from tests.simulation.mutants_storage import STORAGE
from tests.simulation.mutants_sums import SUMS
from tests.simulation.processes import INTERRUPTED, processes
from tests.simulation.script import SEEDS_PER_GROUP
from tests.simulation.shared_prefixes import judge_seed_group

MUTANTS: tuple[Mutant, ...] = (
    *STORAGE,
    *DOMAIN,
    *ITEMS,
    *FLOW,
    *EVENTS,
    *GUARANTEES,
    *REGISTRATION,
    *ANSWERS,
    *READS,
    *CREATION,
    *KEYS,
    *QUEUE,
    *REDRIVE,
    *RETENTION,
    *IDLE,
    *EXPIRY,
    *RELAY,
    *ROUTES,
    *CLIENTS,
    *SUMS,
    *CANCEL,
    *RESUME,
    *REPORTS,
    *HELD,
    *DISPATCH,
    *CLOCK,
)
MOST_SEEDS = 5_000


@dataclass(frozen=True, slots=True)
class MutantResult:
    name: str
    # How many seeds it took; None if no seed caught it.
    seeds: int | None
    violation: str | None
    seconds: float

    @property
    def fits_product(self) -> bool:
        """False if the mutant itself failed, because it no longer fits the product."""
        violation = self.violation or ""
        return not any(f"{error.__name__}: " in violation for error in ERRORS_IN_CODE)


def hunt(mutant: Mutant, most_seeds: int = MOST_SEEDS) -> MutantResult:
    """Run seed after seed with the mutant installed until a check fails."""
    began = time.process_time()
    gc.disable()
    try:
        with mutant.install():
            for number in range(-(-most_seeds // SEEDS_PER_GROUP)):
                members = range(min(SEEDS_PER_GROUP, most_seeds - number * SEEDS_PER_GROUP))
                for member, result in enumerate(judge_seed_group(number, members)):
                    if result.violation is not None:
                        taken = time.process_time() - began
                        seeds = number * SEEDS_PER_GROUP + member + 1
                        return MutantResult(mutant.name, seeds, result.violation, taken)
    finally:
        gc.enable()
    return MutantResult(mutant.name, None, None, time.process_time() - began)


def _hunt(task: tuple[int, int]) -> MutantResult:
    return hunt(MUTANTS[task[0]], task[1])


def hunt_all(numbers: Sequence[int], most_seeds: int, jobs: int) -> Iterator[MutantResult]:
    tasks = [(number, most_seeds) for number in numbers]
    if jobs == 1:
        yield from map(_hunt, tasks)
        return
    with processes(jobs) as pool:
        yield from pool.imap_unordered(_hunt, tasks, chunksize=1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seeds", type=positive, default=MOST_SEEDS, help="the most seeds for one mutant"
    )
    parser.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="parallel processes"
    )
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    options = parser.parse_args(arguments)
    numbers = [number for number, mutant in enumerate(MUTANTS) if options.only in mutant.name]
    if not numbers:
        parser.error(f"no mutant's name contains {options.only!r}")
    caught = hunted = 0
    try:
        for result in hunt_all(numbers, options.seeds, options.jobs):
            label = f"{result.seeds:>4} seeds" if result.seeds is not None else "NOT CAUGHT"
            if not result.fits_product:
                label = "DOES NOT FIT"
            caught += result.seeds is not None and result.fits_product
            hunted += 1
            why = f" within {options.seeds} seeds"
            if result.violation is not None:
                why = f": {result.violation[:110]}"
            print(f"{label}  {result.name}{why}", flush=True)
    except KeyboardInterrupt:
        print(f"caught {caught} of the {hunted} that were hunted, of {len(numbers)}; interrupted")
        return INTERRUPTED
    print(f"caught {caught}/{len(numbers)}")
    return caught != len(numbers)


if __name__ == "__main__":
    # A reader such as `head` may close the pipe early.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
