"""Speed, requests, write units and wrong counts after crashes, of three designs.

All on one engine in one run: ForgeLedger through the local cloud, an item row and a counter row
written one after the other, and the same two rows in a transaction.
`python -m benchmarks.throughput [--items 10000] [--by-hand-items 3000] ...`.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import hand_written
from benchmarks.call_log import CallLog, Tally
from benchmarks.our_design import Listener, Wrongs, endpoints_of, reporting, wrongs
from benchmarks.side_function import queue_with_function
from benchmarks.work_crew import Prepare, crew
from forgeledger.demo.stage import Stage
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger

OURS: Final = "ForgeLedger"
SAFE: Final = "safe"
DIRECT: Final = "safe, direct"
TIMES_FASTER: Final = 5.0
CRASH_ONE_IN: Final = 200
# Ours makes so few calls that one in 200 would be one or two. A batch that a function takes may
# be dozens of calls, and it has to be finished in one of five tries.
OUR_CRASHES_ONE_IN: Final = {"worker": 20, "function": 100}
# A function's batch that crashed comes again after this, instead of after three minutes.
CRASH_VISIBILITY_SECONDS: Final = 3


@dataclass(frozen=True)
class Run:
    items: int
    register_seconds: float
    work_seconds: float
    tally: Tally
    wrongs: Wrongs
    load: float  # how busy the machine was at the end, by others as well
    http_requests: int = 0

    @property
    def items_per_second(self) -> float:
        return self.items / (self.register_seconds + self.work_seconds)


@dataclass(frozen=True)
class Bench:
    cloud: LocalCloud
    log: CallLog
    workers: int
    hand_queue: str

    def ours(self, names: Sequence[str], *, crashes: bool) -> Run:
        endpoints = endpoints_of(self.cloud)
        ledger = Ledger(endpoints=endpoints)
        job_id = ledger.create_job("benchmark", expected_items=len(names)).job_id
        arguments = (endpoints, job_id, CRASH_ONE_IN if crashes else 0)
        http: list[object] = []
        with (
            Stage(self.cloud.client, self.cloud.description.event_bus_name) as stage,
            crew(self.workers, reporting, arguments, names) as workers,
        ):
            stage.listen(job_id)
            listener = Listener(stage)
            moment, began = self.log.now(), time.perf_counter()
            ledger.register(job_id, names, seal=True, on_progress=http.append)
            registered = time.perf_counter()
            with self.log.crashes(OUR_CRASHES_ONE_IN) if crashes else contextlib.nullcontext():
                workers.work()
                listener.wait()
            ended = time.perf_counter()
            tally = self.log.since(moment)
            wrong = wrongs(ledger, job_id, names, listener.number())
        return Run(
            items=len(names),
            register_seconds=registered - began,
            work_seconds=ended - registered,
            tally=tally,
            wrongs=wrong,
            load=os.getloadavg()[0],
            http_requests=len(http),
        )

    def by_hand(self, design: str, names: Sequence[str], *, how: Prepare, crashes: bool) -> Run:
        job_id = f"{design}-{how.__name__}-{len(names)}-{crashes}"
        dynamodb = hand_written.client()
        arguments = (design, job_id, *([self.hand_queue] if how is hand_written.by_queue else []))
        with crew(self.workers, how, arguments, names) as workers:
            moment, began = self.log.now(), time.perf_counter()
            hand_written.register(dynamodb, job_id, names)
            registered = time.perf_counter()
            one_in = dict.fromkeys(("worker", "function"), CRASH_ONE_IN)
            with self.log.crashes(one_in) if crashes else contextlib.nullcontext():
                workers.work()
                counts = hand_written.settled_counts(dynamodb, job_id)
            ended = time.perf_counter()
            tally = self.log.since(moment)
        off = [counts[name] - counts["total"] for name in ("claimed", "completed")]
        wrong = Wrongs(sum(max(0, -each) for each in off), sum(max(0, each) for each in off))
        return Run(
            items=len(names),
            register_seconds=registered - began,
            work_seconds=ended - registered,
            tally=tally,
            wrongs=wrong,
            load=os.getloadavg()[0],
        )

    def all(self, ours: Sequence[str], hand: Sequence[str], *, crashes: bool) -> dict[str, Run]:
        """The two that are compared run next to each other: the machine may have other work."""
        queue, direct = hand_written.by_queue, hand_written.directly
        return {
            OURS: self.ours(ours, crashes=crashes),
            SAFE: self.by_hand("safe", hand, how=queue, crashes=crashes),
            DIRECT: self.by_hand("safe", hand, how=direct, crashes=crashes),
            "naive": self.by_hand("naive", hand, how=queue, crashes=crashes),
            "naive, direct": self.by_hand("naive", hand, how=direct, crashes=crashes),
        }

    def crash_visibility(self) -> None:
        self.cloud.client("sqs").set_queue_attributes(
            QueueUrl=self.cloud.description.command_queue_url,
            Attributes={"VisibilityTimeout": str(CRASH_VISIBILITY_SECONDS)},
        )


def table(runs: dict[str, Run]) -> None:
    print(
        f"{'':<18}{'items':>7}{'items/s':>9}{'register s':>12}{'work s':>8}{'requests/item':>15}"
        f"{'write units/item':>18}{'load':>6}"
    )
    for name, run in runs.items():
        requests = run.tally.total("main", "worker", "function", "poller") + run.http_requests
        print(
            f"{name:<18}{run.items:>7,}{run.items_per_second:>9.0f}{run.register_seconds:>12.1f}"
            f"{run.work_seconds:>8.1f}{requests / run.items:>15.3f}"
            f"{run.tally.write_units / run.items:>18.2f}{run.load:>6.1f}"
        )


def where_the_calls_are(run: Run) -> None:
    print(f"\nRequests of ours, {run.items:,} items; HTTP requests to the API: {run.http_requests}")
    for (who, operation), number in sorted(run.tally.requests.items()):
        print(f"  {who:<10}{operation:<22}{number:>7}")


def main(items: int, by_hand_items: int, crash_items: int, workers: int) -> int:
    names = [f"invoice-{number:06d}" for number in range(max(items, crash_items))]
    ours, hand, few = names[:items], names[:by_hand_items], names[:crash_items]
    with tempfile.TemporaryDirectory(prefix="forgeledger-bench-") as folder:
        (Path(folder) / "log").mkdir()
        with (
            CallLog(Path(folder) / "log") as log,
            LocalCloud(state_dir=Path(folder) / "state") as cloud,
            contextlib.ExitStack() as running,
        ):
            _be_local(cloud)
            hand_written.create_table(hand_written.client())
            hand_queue = running.enter_context(
                queue_with_function(
                    cloud,
                    Path(folder),
                    "hand_written_function",
                    {},
                    VisibilityTimeout=str(CRASH_VISIBILITY_SECONDS),
                )
            )
            bench = Bench(cloud, log, workers, hand_queue)
            bench.ours(few[:100], crashes=False)  # Each function has started before it is timed.
            runs = bench.all(ours, hand, crashes=False)
            print(f"{workers} worker processes\n")
            table(runs)
            where_the_calls_are(runs[OURS])
            bench.crash_visibility()
            crashed = bench.all(few, few, crashes=True)
    print(f"\nAfter crashes, {crash_items:,} items")
    for name, run in crashed.items():
        print(f"  {name:<18}{run.tally.crashes:>4} crashes   {run.wrongs}")
    return verdict(runs, crashed)


def verdict(runs: dict[str, Run], crashed: dict[str, Run]) -> int:
    ours = runs[OURS].items_per_second
    times, direct = (ours / runs[name].items_per_second for name in (SAFE, DIRECT))
    right = all(run.wrongs.lost == run.wrongs.doubled == 0 for run in (runs[OURS], crashed[OURS]))
    print(
        f"\nForgeLedger is {times:.1f} times as fast as the safe design (at least {TIMES_FASTER})"
    )
    print(f"and {direct:.1f} times as fast as it is where every worker writes to the table itself")
    print(f"ForgeLedger's counts are {'right' if right else 'WRONG'}")
    return int(times < TIMES_FASTER or not right)


def _be_local(cloud: LocalCloud) -> None:
    """Any client of this process and of its workers speaks to the same engine."""
    os.environ.update(client_environment(cloud.description.endpoint_url))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--by-hand-items", type=int, help="if fewer, for time: their rate is flat")
    parser.add_argument("--crash-items", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    hand = min(given.by_hand_items or given.items, given.items)
    sys.exit(main(given.items, hand, given.crash_items, given.workers))
