"""The proof of the proof: each of these faults has to be caught, or the checks have a hole."""

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
from tests.simulation.mutants_creation import CREATING
from tests.simulation.mutants_domain import DOMAIN
from tests.simulation.mutants_flow import FLOW
from tests.simulation.mutants_guarantees import PROMISES
from tests.simulation.mutants_items import ITEMS
from tests.simulation.mutants_queue import QUEUE
from tests.simulation.mutants_reads import READING
from tests.simulation.mutants_registration import REGISTERING
from tests.simulation.mutants_retention import KEEPING
from tests.simulation.mutants_storage import STORAGE
from tests.simulation.processes import INTERRUPTED, processes
from tests.simulation.script import FAMILY
from tests.simulation.shared_prefixes import judge_family

MUTANTS: tuple[Mutant, ...] = (
    *STORAGE,
    *DOMAIN,
    *ITEMS,
    *FLOW,
    *PROMISES,
    *REGISTERING,
    *ANSWERS,
    *READING,
    *CREATING,
    *QUEUE,
    *KEEPING,
)
MOST_SEEDS = 5_000


@dataclass(frozen=True, slots=True)
class Catch:
    name: str
    # How many seeds it took; None when none of them caught it.
    seeds: int | None
    violation: str | None
    seconds: float

    @property
    def fits(self) -> bool:
        """Whether it was the fault that was caught, and not that the product has moved on."""
        violation = self.violation or ""
        return not any(f"{error.__name__}: " in violation for error in ERRORS_IN_CODE)


def hunt(mutant: Mutant, most_seeds: int = MOST_SEEDS) -> Catch:
    """Run seed after seed with the fault in the product until a check notices."""
    began = time.process_time()
    gc.disable()
    try:
        with mutant.put_in():
            for number in range(-(-most_seeds // FAMILY)):
                members = range(min(FAMILY, most_seeds - number * FAMILY))
                for member, result in enumerate(judge_family(number, members)):
                    if result.violation is not None:
                        taken = time.process_time() - began
                        seeds = number * FAMILY + member + 1
                        return Catch(mutant.name, seeds, result.violation, taken)
    finally:
        gc.enable()
    return Catch(mutant.name, None, None, time.process_time() - began)


def _hunt(task: tuple[int, int]) -> Catch:
    return hunt(MUTANTS[task[0]], task[1])


def hunt_all(numbers: Sequence[int], most_seeds: int, jobs: int) -> Iterator[Catch]:
    tasks = [(number, most_seeds) for number in numbers]
    if jobs == 1:
        yield from map(_hunt, tasks)
        return
    with processes(jobs) as pool:
        yield from pool.imap_unordered(_hunt, tasks, chunksize=1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=positive, default=MOST_SEEDS, help="the most for one")
    parser.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="how many at once"
    )
    parser.add_argument("--only", default="", help="those whose name contains this")
    given = parser.parse_args(arguments)
    numbers = [at for at, mutant in enumerate(MUTANTS) if given.only in mutant.name]
    if not numbers:
        parser.error(f"no mutant's name contains {given.only!r}")
    caught = hunted = 0
    try:
        for catch in hunt_all(numbers, given.seeds, given.jobs):
            found = f"{catch.seeds:>4} seeds" if catch.seeds is not None else "NOT CAUGHT"
            if not catch.fits:
                found = "DOES NOT FIT"
            caught += catch.seeds is not None and catch.fits
            hunted += 1
            why = f" within {given.seeds} seeds"
            if catch.violation is not None:
                why = f": {catch.violation[:110]}"
            print(f"{found}  {catch.name}{why}", flush=True)
    except KeyboardInterrupt:
        print(f"caught {caught} of the {hunted} that were hunted, of {len(numbers)}; interrupted")
        return INTERRUPTED
    print(f"caught {caught}/{len(numbers)}")
    return caught != len(numbers)


if __name__ == "__main__":
    # Who reads the output, `head` for one, may have seen enough.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
