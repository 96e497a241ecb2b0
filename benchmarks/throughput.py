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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import hand_written
from benchmarks.call_log import CallLog, Tally
from benchmarks.crash_report import Crashed, faults_of, until_hit
from benchmarks.our_design import (
    Listener,
    Wrongs,
    endpoints_of,
    missing,
    reporting,
    wrongs,
)
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
OFTEN_ONE_IN: Final = 20
OFTEN: Final = f"{OURS}, 1 in {OFTEN_ONE_IN}"
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

    def ours(self, names: Sequence[str], *, crash_one_in: int = 0) -> Run:
        endpoints = endpoints_of(self.cloud)
        ledger = Ledger(endpoints=endpoints)
        job_id = ledger.create_job("benchmark", expected_items=len(names)).job_id
        arguments = (endpoints, job_id, crash_one_in)
        http: list[object] = []
        with (
            Stage(self.cloud.client, self.cloud.description.event_bus_name) as stage,
            crew(self.workers, reporting, arguments, names) as workers,
        ):
            stage.listen(job_id)
            listener = Listener(stage, lambda: missing(self.cloud, ledger, job_id))
            moment, began = self.log.now(), time.perf_counter()
            ledger.register(job_id, names, seal=True, on_progress=http.append)
            registered = time.perf_counter()
            with self.log.crashes(crash_one_in):
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

    def by_hand(
        self, design: str, names: Sequence[str], *, how: Prepare, crash_one_in: int = 0
    ) -> Run:
        job_id = f"{design}-{how.__name__}-{len(names)}-{crash_one_in}"
        dynamodb = hand_written.client()
        arguments = (design, job_id, *([self.hand_queue] if how is hand_written.by_queue else []))
        with crew(self.workers, how, arguments, names) as workers:
            moment, began = self.log.now(), time.perf_counter()
            hand_written.register(dynamodb, job_id, names)
            registered = time.perf_counter()
            with self.log.crashes(crash_one_in):
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

    def all(self, ours: Sequence[str], hand: Sequence[str]) -> dict[str, Run]:
        """The two that are compared run next to each other: the machine may have other work."""
        return {OURS: self.ours(ours), **self.all_by_hand(hand)}

    def all_by_hand(self, names: Sequence[str], *, crash_one_in: int = 0) -> dict[str, Run]:
        queue, direct = hand_written.by_queue, hand_written.directly
        return {
            SAFE: self.by_hand("safe", names, how=queue, crash_one_in=crash_one_in),
            DIRECT: self.by_hand("safe", names, how=direct, crash_one_in=crash_one_in),
            "naive": self.by_hand("naive", names, how=queue, crash_one_in=crash_one_in),
            "naive, direct": self.by_hand("naive", names, how=direct, crash_one_in=crash_one_in),
        }

    def all_with_crashes(self, names: Sequence[str]) -> dict[str, Crashed]:
        """Ours makes few calls: it runs jobs until it was hit as often as says something."""
        self.crash_visibility()
        crashed = {
            name: until_hit(lambda one_in=one_in: self.ours(names, crash_one_in=one_in))
            for name, one_in in ((OURS, CRASH_ONE_IN), (OFTEN, OFTEN_ONE_IN))
        }
        by_hand = self.all_by_hand(names, crash_one_in=CRASH_ONE_IN)
        return crashed | {name: Crashed([run]) for name, run in by_hand.items()}

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
            bench.ours(few[:100])  # Each function has started before it is timed.
            runs = bench.all(ours, hand)
            print(f"{workers} worker processes\n")
            table(runs)
            where_the_calls_are(runs[OURS])
            crashed = bench.all_with_crashes(few)
    print(f"\nOne of {CRASH_ONE_IN} calls crashing, {crash_items:,} items a job")
    for name, each in crashed.items():
        print(f"  {name:<22}{each}")
    return verdict(runs, crashed)


def verdict(runs: Mapping[str, Run], crashed: Mapping[str, Crashed]) -> int:
    ours = runs[OURS].items_per_second
    times, direct = (ours / runs[name].items_per_second for name in (SAFE, DIRECT))
    faults = [
        *faults_of(OURS, Crashed([runs[OURS]]), hits=0),
        *faults_of(OURS, crashed[OURS]),
        *faults_of(OFTEN, crashed[OFTEN]),
    ]
    print(
        f"\nForgeLedger is {times:.1f} times as fast as the safe design (at least {TIMES_FASTER})"
    )
    print(f"and {direct:.1f} times as fast as it is where every worker writes to the table itself")
    print("\n".join(faults or ["ForgeLedger's counts are right, and so after every crash"]))
    return int(times < TIMES_FASTER or bool(faults))


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
