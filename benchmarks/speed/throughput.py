"""Speed, requests, write units and wrong counts after crashes, of three designs.

All on one engine in one run: ForgeLedger through the local cloud, an item row and a counter row
written one after the other, and the same two rows in a transaction. They take turns, since the
machine may have other work:
`python -m benchmarks.speed.throughput [--items 10000] [--rounds 3] ...`.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import design_naive
from benchmarks.call_log import CallLog
from benchmarks.design_forgeledger import (
    Listener,
    Wrongs,
    endpoints_of,
    missing,
    reporting,
    wrongs,
)
from benchmarks.speed.crash_report import Crashed, until_hit
from benchmarks.speed.side_function import made_anew, queue_with_function
from benchmarks.speed.throughput_report import (
    DIRECT,
    OURS,
    SAFE,
    Run,
    Runs,
    table,
    verdict,
    where_the_calls_are,
)
from benchmarks.speed.work_crew import Prepare, crew
from benchmarks.stored_job import stored_lanes
from forgeledger.demo.setup import DemoResources
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger
from tests.simulation.arguments import positive

CRASH_ONE_IN: Final = 200
OFTEN_ONE_IN: Final = 20
OFTEN: Final = f"{OURS}, 1 in {OFTEN_ONE_IN}"
# A function's batch that crashed comes again after this, instead of after three minutes. It is
# longer than a batch takes on a busy machine: else one that did not crash comes again as well.
CRASH_VISIBILITY_SECONDS: Final = 6
VISIBILITY_SECONDS: Final = 180
# The engine looks through a FIFO queue's backlog at each call, and through all that it was sent in
# five minutes at each send: with so many items the designs that send one by one are at their best.
BY_HAND_ITEMS: Final = 500
# Enough for each function to have started all its processes.
WARMING_ITEMS: Final = 2_000


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
            DemoResources(self.cloud.client, self.cloud.description.event_bus_name) as stage,
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
            table = self.cloud.description.table_name
            lanes = stored_lanes(self.cloud.client("dynamodb"), table, job_id)
            wrong = wrongs(lanes, names, ledger.status(job_id).completed, listener.number())
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
        job_id = f"{design}-{how.__name__}-{uuid.uuid4().hex}"
        dynamodb = design_naive.client()
        arguments: tuple[str, ...] = (design, job_id)
        if how is design_naive.by_queue:
            made_anew(self.cloud.client("sqs"), self.hand_queue)
            arguments = (*arguments, self.hand_queue)
        with crew(self.workers, how, arguments, names) as workers:
            moment, began = self.log.now(), time.perf_counter()
            design_naive.register(dynamodb, job_id, names)
            registered = time.perf_counter()
            with self.log.crashes(crash_one_in):
                workers.work()
                counts = design_naive.settled_counts(dynamodb, job_id)
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

    def warm_up(self, names: Sequence[str]) -> None:
        """Each function has started before it is timed."""
        self.ours(names[:WARMING_ITEMS])
        self.by_hand("safe", names[:50], how=design_naive.by_queue)

    def rounds(self, number: int, ours: Sequence[str], hand: Sequence[str]) -> dict[str, Runs]:
        rounds = [{OURS: self.ours(ours), **self.all_by_hand(hand)} for _ in range(number)]
        return {name: Runs([each[name] for each in rounds]) for name in rounds[0]}

    def all_by_hand(self, names: Sequence[str], *, crash_one_in: int = 0) -> dict[str, Run]:
        queue, direct = design_naive.by_queue, design_naive.directly
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
        for queue_url in (self.cloud.description.command_queue_url, self.hand_queue):
            self.cloud.client("sqs").set_queue_attributes(
                QueueUrl=queue_url,
                Attributes={"VisibilityTimeout": str(CRASH_VISIBILITY_SECONDS)},
            )


def main(items: int, by_hand_items: int, crash_items: int, workers: int, rounds: int) -> int:
    most = max(items, by_hand_items, crash_items, WARMING_ITEMS)
    names = [f"invoice-{number:06d}" for number in range(most)]
    ours, hand, few = names[:items], names[:by_hand_items], names[:crash_items]
    with tempfile.TemporaryDirectory(prefix="forgeledger-bench-") as folder:
        (Path(folder) / "log").mkdir()
        with (
            CallLog(Path(folder) / "log") as log,
            LocalCloud(state_dir=Path(folder) / "state") as cloud,
            contextlib.ExitStack() as running,
        ):
            _be_local(cloud)
            design_naive.create_table(design_naive.client())
            hand_queue = running.enter_context(
                queue_with_function(
                    cloud,
                    Path(folder),
                    "naive_function",
                    {},
                    VisibilityTimeout=str(VISIBILITY_SECONDS),
                )
            )
            bench = Bench(cloud, log, workers, hand_queue)
            bench.warm_up(names)
            designs = bench.rounds(rounds, ours, hand)
            print(f"{workers} worker processes, {rounds} rounds\n")
            table(designs)
            where_the_calls_are(designs[OURS])
            crashed = bench.all_with_crashes(few)
    print(f"\nOne of {CRASH_ONE_IN} calls crashing, {crash_items:,} items a job")
    for name, each in crashed.items():
        print(f"  {name:<22}{each}")
    return verdict(designs, crashed, OFTEN)


def _be_local(cloud: LocalCloud) -> None:
    """Any client of this process and of its workers speaks to the same engine."""
    os.environ.update(client_environment(cloud.description.endpoint_url))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=positive, default=10_000)
    parser.add_argument(
        "--by-hand-items",
        type=positive,
        default=BY_HAND_ITEMS,
        help="of the other designs, in a round",
    )
    parser.add_argument("--crash-items", type=positive, default=2_000)
    parser.add_argument("--workers", type=positive, default=4)
    parser.add_argument("--rounds", type=positive, default=3)
    sys.exit(main(**vars(parser.parse_args())))
