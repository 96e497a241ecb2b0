"""Speed, requests, write units and wrong counts after crashes, of ForgeLedger and of other designs.

Two designs written by hand write an item row and a counter row: `naive` in two calls, `safe` in one
transaction. All run on one engine and take turns, since the machine may have other work:
`python -m benchmarks.speed.throughput [--items 10000] [--rounds 3] ...`.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import design_naive
from benchmarks.call_log import CallLog
from benchmarks.design_forgeledger import (
    CompletionListener,
    CountErrors,
    count_errors,
    describe_progress,
    endpoints_of,
    reporting_worker,
)
from benchmarks.speed.crash_report import CrashRuns, run_until_crashed
from benchmarks.speed.side_function import queue_with_function, recreate_queue
from benchmarks.speed.throughput_report import (
    DIRECT,
    LEDGER,
    SAFE,
    DesignRuns,
    Run,
    exit_status,
    print_rates,
    print_requests,
)
from benchmarks.speed.worker_processes import MakeWorker, worker_processes
from benchmarks.stored_job import stored_lanes
from forgeledger.demo.setup import DemoResources
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger
from tests.simulation.arguments import positive

CRASH_ONE_IN: Final = 200
OFTEN_ONE_IN: Final = 20
OFTEN: Final = f"{LEDGER}, 1 in {OFTEN_ONE_IN}"
# Redelivers a crashed batch after this time instead of three minutes. A batch on a busy machine
# takes less, or batches that did not crash would be redelivered as well.
CRASH_VISIBILITY_SECONDS: Final = 6
VISIBILITY_SECONDS: Final = 180
# Each receive makes the engine look at a FIFO queue's whole backlog, each send at all messages of
# the last five minutes. With so few items the designs that send message by message are fastest.
HANDWRITTEN_ITEMS: Final = 500
# Enough for each function to have started all its processes.
WARM_UP_ITEMS: Final = 2_000


@dataclass(frozen=True)
class ThroughputBench:
    cloud: LocalCloud
    log: CallLog
    workers: int
    handwritten_queue: str

    def run_ledger(self, names: Sequence[str], *, crash_one_in: int = 0) -> Run:
        endpoints = endpoints_of(self.cloud)
        ledger = Ledger(endpoints=endpoints)
        job_id = ledger.create_job("benchmark", expected_items=len(names)).job_id
        arguments = (endpoints, job_id, crash_one_in)
        http: list[object] = []
        with (
            DemoResources(self.cloud.client, self.cloud.description.event_bus_name) as resources,
            worker_processes(self.workers, reporting_worker, arguments, names) as workers,
        ):
            resources.listen(job_id)
            listener = CompletionListener(
                resources, lambda: describe_progress(self.cloud, ledger, job_id)
            )
            moment, began = self.log.now(), time.perf_counter()
            ledger.register(job_id, names, seal=True, on_progress=http.append)
            registered = time.perf_counter()
            with self.log.crashes(crash_one_in):
                workers.work()
                listener.wait()
            ended = time.perf_counter()
            tally = self.log.since(moment)
            table = self.cloud.description.table_name
            lanes = stored_lanes(self.cloud.client("dynamodb"), table, job_id)
            completed = ledger.status(job_id).completed
            errors = count_errors(lanes, names, completed, listener.count())
        return Run(
            items=len(names),
            register_seconds=registered - began,
            work_seconds=ended - registered,
            tally=tally,
            errors=errors,
            load=os.getloadavg()[0],
            http_requests=len(http),
        )

    def run_handwritten(
        self, design: str, names: Sequence[str], *, worker: MakeWorker, crash_one_in: int = 0
    ) -> Run:
        job_id = f"{design}-{worker.__name__}-{uuid.uuid4().hex}"
        dynamodb = design_naive.client()
        arguments: tuple[str, ...] = (design, job_id)
        if worker is design_naive.by_queue:
            recreate_queue(self.cloud.client("sqs"), self.handwritten_queue)
            arguments = (*arguments, self.handwritten_queue)
        with worker_processes(self.workers, worker, arguments, names) as workers:
            moment, began = self.log.now(), time.perf_counter()
            design_naive.register(dynamodb, job_id, names)
            registered = time.perf_counter()
            with self.log.crashes(crash_one_in):
                workers.work()
                counts = design_naive.final_counts(dynamodb, job_id)
            ended = time.perf_counter()
            tally = self.log.since(moment)
        surplus = [counts[name] - counts["total"] for name in ("claimed", "completed")]
        return Run(
            items=len(names),
            register_seconds=registered - began,
            work_seconds=ended - registered,
            tally=tally,
            errors=CountErrors(
                lost=sum(max(0, -number) for number in surplus),
                doubled=sum(max(0, number) for number in surplus),
            ),
            load=os.getloadavg()[0],
        )

    def warm_up(self, names: Sequence[str]) -> None:
        """Start the processes of each function before any is timed."""
        self.run_ledger(names[:WARM_UP_ITEMS])
        self.run_handwritten("safe", names[:50], worker=design_naive.by_queue)

    def run_rounds(
        self, number: int, names: Sequence[str], handwritten: Sequence[str]
    ) -> dict[str, DesignRuns]:
        rounds = [
            {LEDGER: self.run_ledger(names), **self.run_all_handwritten(handwritten)}
            for _ in range(number)
        ]
        return {name: DesignRuns([runs[name] for runs in rounds]) for name in rounds[0]}

    def run_all_handwritten(self, names: Sequence[str], *, crash_one_in: int = 0) -> dict[str, Run]:
        designs: dict[str, tuple[str, MakeWorker]] = {
            SAFE: ("safe", design_naive.by_queue),
            DIRECT: ("safe", design_naive.directly),
            "naive": ("naive", design_naive.by_queue),
            "naive, direct": ("naive", design_naive.directly),
        }
        return {
            name: self.run_handwritten(design, names, worker=worker, crash_one_in=crash_one_in)
            for name, (design, worker) in designs.items()
        }

    def run_with_crashes(self, names: Sequence[str]) -> dict[str, CrashRuns]:
        """ForgeLedger makes few calls: it runs jobs until enough crashes have hit it."""
        self._shorten_visibility()
        crashed = {
            name: run_until_crashed(
                lambda one_in=one_in: self.run_ledger(names, crash_one_in=one_in)
            )
            for name, one_in in ((LEDGER, CRASH_ONE_IN), (OFTEN, OFTEN_ONE_IN))
        }
        handwritten = self.run_all_handwritten(names, crash_one_in=CRASH_ONE_IN)
        return crashed | {name: CrashRuns([run]) for name, run in handwritten.items()}

    def _shorten_visibility(self) -> None:
        for queue_url in (self.cloud.description.command_queue_url, self.handwritten_queue):
            self.cloud.client("sqs").set_queue_attributes(
                QueueUrl=queue_url,
                Attributes={"VisibilityTimeout": str(CRASH_VISIBILITY_SECONDS)},
            )


@contextlib.contextmanager
def recorded_cloud() -> Iterator[tuple[LocalCloud, CallLog, Path]]:
    """A local cloud whose calls are recorded, and that all clients use from now on."""
    with tempfile.TemporaryDirectory(prefix="forgeledger-bench-") as name:
        folder = Path(name)
        (folder / "log").mkdir()
        with CallLog(folder / "log") as log, LocalCloud(state_dir=folder / "state") as cloud:
            os.environ.update(client_environment(cloud.description.endpoint_url))
            yield cloud, log, folder


def main(items: int, by_hand_items: int, crash_items: int, workers: int, rounds: int) -> int:
    most = max(items, by_hand_items, crash_items, WARM_UP_ITEMS)
    names = [f"invoice-{number:06d}" for number in range(most)]
    attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
    with recorded_cloud() as (cloud, log, folder):
        design_naive.create_table(design_naive.client())
        with queue_with_function(cloud, folder, "naive_function", {}, **attributes) as queue:
            bench = ThroughputBench(cloud, log, workers, queue)
            bench.warm_up(names)
            designs = bench.run_rounds(rounds, names[:items], names[:by_hand_items])
            print(f"{workers} worker processes, {rounds} rounds\n")
            print_rates(designs)
            print_requests(designs[LEDGER])
            crashed = bench.run_with_crashes(names[:crash_items])
    print(f"\nOne of {CRASH_ONE_IN} calls crashes, {crash_items:,} items per job")
    for name, runs in crashed.items():
        print(f"  {name:<22}{runs}")
    return exit_status(designs, crashed, OFTEN)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=positive, default=10_000, help="of ForgeLedger, per round")
    parser.add_argument(
        "--by-hand-items",
        type=positive,
        default=HANDWRITTEN_ITEMS,
        help="of each hand-written design, per round",
    )
    parser.add_argument(
        "--crash-items", type=positive, default=2_000, help="of each job with crashes"
    )
    parser.add_argument("--workers", type=positive, default=4, help="worker processes")
    parser.add_argument("--rounds", type=positive, default=3)
    sys.exit(main(**vars(parser.parse_args())))
