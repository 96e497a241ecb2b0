"""A job on the local cloud while calls fail, processes are killed and the engine restarts.

`python -m benchmarks.chaos.chaos_run [--items 20000] [--seed 1] [--rate 0.01] ...` ends with 1
where a promise was broken, and says which. Ctrl-C ends it with how far it came.
"""

import argparse
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.arguments import positive_seconds, share_of_all
from benchmarks.chaos.chaos_guarantees import examine, without_effect
from benchmarks.chaos.chaos_job import COMMAND_VISIBILITY_SECONDS, Chaos, Wish
from benchmarks.chaos.fault_proxy import FaultProxy
from benchmarks.time_limit import NotDone
from forgeledger.local.engine import HOST, free_port
from forgeledger.local.local_cloud import LocalCloud
from tests.simulation.arguments import not_negative, positive

# As of any program that a signal ends: 128 and its number.
INTERRUPTED: Final = 130


def main(wish: Wish) -> int:
    folder = Path(tempfile.mkdtemp(prefix="forgeledger-chaos-"))
    logging.basicConfig(filename=folder / "local-cloud.log", level=logging.WARNING)
    engine_port = free_port()
    proxy = FaultProxy(
        f"http://{HOST}:{engine_port}",
        rate=wish.rate,
        seed=wish.seed,
        log_file=folder / "microburst.log",
    )
    cloud = LocalCloud(
        state_dir=folder / "state",
        engine_port=engine_port,
        functions_endpoint_url=proxy.url,
        # What the stream gives up, the schedule finds in the table; here it is in a hurry.
        parameters={"ReconcileSchedule": "rate(1 minute)", "ReconcileState": "ENABLED"},
    )
    try:
        with proxy, cloud:
            _shorten_visibility(cloud)
            broken = run(Chaos(wish, cloud, proxy, folder))
    except KeyboardInterrupt:
        print(f"\ninterrupted; the logs are in {folder}")
        return INTERRUPTED
    if broken:
        print(f"\nBROKEN: {', '.join(broken)}; the logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def run(chaos: Chaos) -> list[str]:
    """Names of the promises that were broken."""
    try:
        found = chaos.run()
    except NotDone as late:
        injected(chaos)
        print(f"\n{late}: {chaos.where_it_stands()}")
        return [f"{late.part} in time"]
    except KeyboardInterrupt:
        injected(chaos)
        print(f"\n{chaos.where_it_stands()}")
        raise
    injected(chaos)
    print(f"  {without_effect(found.stored):>7,}  repeated or late commands that changed nothing")
    promises = examine(found)
    print("\nAt the end")
    for promise in promises:
        print(f"  {promise.name + ':':<34}{promise.told}{'' if promise.held else '   BROKEN'}")
    return [promise.name for promise in promises if not promise.held]


def _shorten_visibility(cloud: LocalCloud) -> None:
    cloud.client("sqs").set_queue_attributes(
        QueueUrl=cloud.physical_id("CommandQueue"),
        Attributes={"VisibilityTimeout": str(COMMAND_VISIBILITY_SECONDS)},
    )


def injected(chaos: Chaos) -> None:
    wish, calls, met = chaos.wish, chaos.proxy.calls(), chaos.proxy.injected()
    took = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in chaos.seconds.items())
    print(
        f"{wish.items:,} items, {wish.workers} workers, seed {wish.seed}, each kind of fault in "
        f"{wish.rate:.1%} of the calls\n{took}; load {os.getloadavg()[1]:.1f} at the end"
    )
    share = sum(met.values()) / max(1, calls)
    print(f"\nInjected into {calls:,} calls of functions and workers: {share:.1%} of them met")
    for what, number in {**met, **chaos.happened}.items():
        print(f"  {number:>7,}  {what}")


def asked_for(arguments: list[str] | None = None) -> Wish:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=positive, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=share_of_all, default=0.01, help="of each kind of fault")
    parser.add_argument("--workers", type=positive, default=4)
    parser.add_argument("--worker-kills", type=not_negative, default=10)
    parser.add_argument("--function-kills", type=not_negative, default=10)
    parser.add_argument("--restarts", type=not_negative, default=2)
    parser.add_argument(
        "--job-seconds", type=positive_seconds, help="bound; 120 and one for 15 items unless given"
    )
    parser.add_argument(
        "--audit-seconds",
        type=positive_seconds,
        help="bound; 300 and one for 100 items unless given",
    )
    given = parser.parse_args(arguments)
    return Wish(
        items=given.items,
        seed=given.seed,
        rate=given.rate,
        workers=given.workers,
        worker_kills=given.worker_kills,
        function_kills=given.function_kills,
        restarts=given.restarts,
        job_seconds=given.job_seconds or 120 + given.items / 15,
        audit_seconds=given.audit_seconds or 300 + given.items / 100,
    )


if __name__ == "__main__":
    sys.exit(main(asked_for()))
