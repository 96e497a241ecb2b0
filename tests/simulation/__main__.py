"""`python -m tests.simulation --seeds 20000`: run histories, print shrunk failures."""

# ruff: noqa: T201 - What it prints is its result.

import argparse
import os
import signal
import sys
import time

from tests.simulation.arguments import not_negative, positive
from tests.simulation.coverage import CoveragePoint
from tests.simulation.faults import CallFault
from tests.simulation.parallel_runs import failure_reports, run_many
from tests.simulation.processes import INTERRUPTED
from tests.simulation.script import write_script
from tests.simulation.shared_prefixes import judge


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=positive, default=2_000, help="how many histories to run")
    parser.add_argument("--first", type=not_negative, default=0, help="the first seed")
    parser.add_argument(
        "--jobs", type=positive, default=os.cpu_count() or 1, help="parallel processes"
    )
    parser.add_argument(
        "--seconds", type=float, help="start no further histories after so many seconds"
    )
    parser.add_argument(
        "--alone", action="store_true", help="run each history alone, without shared prefixes"
    )
    parser.add_argument("--trace", type=not_negative, help="print the trace of this seed")
    parser.add_argument("--shrink", type=not_negative, help="print the shrunk trace of this seed")
    parser.add_argument(
        "--met", action="store_true", help="print how often each coverage point and fault occurred"
    )
    options = parser.parse_args(arguments)
    if options.trace is not None:
        result = judge(write_script(options.trace), traced=True)
        print(*result.trace, result.violation or "no violation", sep="\n")
        return bool(result.violation)
    if options.shrink is not None:
        violation = judge(write_script(options.shrink)).violation
        failed = ((options.shrink, violation),) if violation else ()
        print(*failure_reports(failed) if failed else ["no violation"])
        return bool(failed)
    began = time.monotonic()
    total = run_many(
        options.first, options.seeds, options.jobs, options.seconds, alone=options.alone
    )
    seconds = time.monotonic() - began
    try:
        # Shrinking takes long, so it is left out after Ctrl-C.
        print(*failure_reports(() if total.interrupted else total.failed), sep="\n\n")
    except KeyboardInterrupt:
        total.interrupted = True
    for seed, violation in total.failed:
        print(f"seed {seed}: {violation}")
    if options.met:
        counts = ((total.coverage[name], name) for name in (*CoveragePoint, *CallFault))
        print(*(f"{count:>9}  {name}" for count, name in counts), sep="\n")
    print(f"{total}; {seconds:.0f} s in all, from seed {options.first}")
    if total.interrupted:
        print("interrupted")
        return INTERRUPTED
    return bool(total.failed)


if __name__ == "__main__":
    # A reader such as `head` may close the pipe early.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
