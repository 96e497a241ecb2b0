"""`python -m tests.simulation --seeds 20000`: histories in parallel, the first failure told."""

# ruff: noqa: T201 - What it prints is its result.

import argparse
import os
import signal
import sys
import time

from tests.simulation.arguments import not_negative, positive
from tests.simulation.coverage import Happening
from tests.simulation.faults import Fault
from tests.simulation.parallel_runs import run_many, stories
from tests.simulation.processes import INTERRUPTED
from tests.simulation.script import write
from tests.simulation.shared_prefixes import judge


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=positive, default=2_000, help="how many histories")
    parser.add_argument("--first", type=not_negative, default=0, help="the first seed")
    parser.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="how many at once"
    )
    parser.add_argument("--seconds", type=float, help="end early after so many seconds")
    parser.add_argument("--alone", action="store_true", help="share no beginning with others")
    parser.add_argument("--tell", type=not_negative, help="tell the story of this one seed")
    parser.add_argument("--shrink", type=not_negative, help="tell its shrunk story")
    parser.add_argument("--met", action="store_true", help="list how often what happened")
    given = parser.parse_args(arguments)
    if given.tell is not None:
        result = judge(write(given.tell), tell=True)
        print(*result.story, result.violation or "nothing is wrong", sep="\n")
        return bool(result.violation)
    if given.shrink is not None:
        violation = judge(write(given.shrink)).violation
        print(*(stories(((given.shrink, violation),)) if violation else ["nothing is wrong"]))
        return bool(violation)
    began = time.monotonic()
    total = run_many(given.first, given.seeds, given.jobs, given.seconds, alone=given.alone)
    seconds = time.monotonic() - began
    try:
        # Shrinking takes its time, and whoever interrupts wants none of it.
        print(*stories(() if total.interrupted else total.failed), sep="\n\n")
    except KeyboardInterrupt:
        total.interrupted = True
    for seed, violation in total.failed:
        print(f"seed {seed}: {violation}")
    if given.met:
        print(*(f"{total.met[each]:>9}  {each}" for each in (*Happening, *Fault)), sep="\n")
    print(f"{total}; {seconds:.0f} s in all, from seed {given.first}")
    if total.interrupted:
        print("interrupted")
        return INTERRUPTED
    return bool(total.failed)


if __name__ == "__main__":
    # Who reads the output, `head` for one, may have seen enough.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
