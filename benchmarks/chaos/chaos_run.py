"""A job on the local cloud while calls fail, processes are killed and the engine restarts.

`python -m benchmarks.chaos.chaos_run [--items 20000] [--seed 1] [--rate 0.01] ...` exits with 1 and
names the guarantees that did not hold. Ctrl-C ends it with the job's progress so far.
"""

import argparse
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.arguments import fraction, positive_seconds
from benchmarks.chaos.chaos_guarantees import check_guarantees, commands_without_effect
from benchmarks.chaos.chaos_job import COMMAND_VISIBILITY_SECONDS, ChaosJob, ChaosOptions
from benchmarks.chaos.fault_proxy import FaultProxy
from benchmarks.time_limit import TimeLimitExceeded
from forgeledger.local.engine import HOST, free_port
from forgeledger.local.local_cloud import LocalCloud
from tests.simulation.arguments import not_negative, positive

# The exit code of a program that SIGINT ended: 128 and the signal's number.
INTERRUPTED: Final = 130


def main(options: ChaosOptions) -> int:
    folder = Path(tempfile.mkdtemp(prefix="forgeledger-chaos-"))
    logging.basicConfig(filename=folder / "local-cloud.log", level=logging.WARNING)
    engine_port = free_port()
    proxy = FaultProxy(
        f"http://{HOST}:{engine_port}",
        rate=options.rate,
        seed=options.seed,
        log_file=folder / "microburst.log",
    )
    cloud = LocalCloud(
        state_dir=folder / "state",
        engine_port=engine_port,
        functions_endpoint_url=proxy.url,
        # The schedule publishes what the relay gives up from the stream; here every minute.
        parameters={"ReconcileSchedule": "rate(1 minute)", "ReconcileState": "ENABLED"},
    )
    try:
        with proxy, cloud:
            _shorten_visibility(cloud)
            broken = run(ChaosJob(options, cloud, proxy, folder))
    except KeyboardInterrupt:
        print(f"\ninterrupted; the logs are in {folder}")
        return INTERRUPTED
    if broken:
        print(f"\nBROKEN: {', '.join(broken)}; the logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def run(job: ChaosJob) -> list[str]:
    """The names of the guarantees that did not hold."""
    try:
        evidence = job.run()
    except (TimeLimitExceeded, KeyboardInterrupt) as error:
        _print_faults(job)
        if isinstance(error, KeyboardInterrupt):
            print(f"\n{job.progress()}")
            raise
        print(f"\n{error}: {job.progress()}")
        return [f"{error.part} in time"]
    _print_faults(job)
    ignored = commands_without_effect(evidence.stored)
    print(f"  {ignored:>7,}  duplicate or rejected commands, without effect")
    guarantees = check_guarantees(evidence)
    print("\nAt the end")
    for guarantee in guarantees:
        broken = "" if guarantee.held else "   BROKEN"
        print(f"  {guarantee.name + ':':<34}{guarantee.detail}{broken}")
    return [guarantee.name for guarantee in guarantees if not guarantee.held]


def _shorten_visibility(cloud: LocalCloud) -> None:
    cloud.client("sqs").set_queue_attributes(
        QueueUrl=cloud.physical_id("CommandQueue"),
        Attributes={"VisibilityTimeout": str(COMMAND_VISIBILITY_SECONDS)},
    )


def _print_faults(job: ChaosJob) -> None:
    options, calls, faults = job.options, job.proxy.call_count(), job.proxy.fault_counts()
    parts = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in job.seconds.items())
    print(
        f"{options.items:,} items, {options.workers} workers, seed {options.seed}, each kind of "
        f"fault in {options.rate:.1%} of the calls\n{parts}; load {os.getloadavg()[1]:.1f} at "
        "the end"
    )
    share = sum(faults.values()) / max(1, calls)
    print(f"\n{calls:,} calls of functions and workers, faults in {share:.1%} of them")
    for name, number in {**faults, **job.incidents}.items():
        print(f"  {number:>7,}  {name}")


def parse_options(arguments: list[str] | None = None) -> ChaosOptions:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=positive, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--rate", type=fraction, default=0.01, help="share of calls that each kind of fault hits"
    )
    parser.add_argument("--workers", type=positive, default=4)
    parser.add_argument("--worker-kills", type=not_negative, default=10)
    parser.add_argument("--function-kills", type=not_negative, default=10)
    parser.add_argument("--restarts", type=not_negative, default=2)
    parser.add_argument(
        "--job-seconds",
        type=positive_seconds,
        help="time limit; unless given 120 and one for each 15 items",
    )
    parser.add_argument(
        "--audit-seconds",
        type=positive_seconds,
        help="time limit; unless given 300 and one for each 100 items",
    )
    options = vars(parser.parse_args(arguments))
    options["job_seconds"] = options["job_seconds"] or 120 + options["items"] / 15
    options["audit_seconds"] = options["audit_seconds"] or 300 + options["items"] / 100
    return ChaosOptions(**options)


if __name__ == "__main__":
    sys.exit(main(parse_options()))
