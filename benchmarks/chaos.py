"""A job on the local cloud while calls fail, processes are killed and the engine restarts.

`python -m benchmarks.chaos [--items 20000] [--seed 1] [--rate 0.01] ...` ends with 1 where a
promise was broken, and says which.
"""

import argparse
import contextlib
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

from benchmarks.chaos_crew import WORK_QUEUE_URL, Crew
from benchmarks.chaos_promises import Evidence, examine, without_effect
from benchmarks.fault_proxy import FaultProxy
from benchmarks.our_design import endpoints_of
from forgeledger.demo.stage import Stage
from forgeledger.domain.limits import PAGE_ROWS
from forgeledger.local.engine import HOST, client_environment, free_port
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Event, Ledger, SdkError

Answer = TypeVar("Answer")

FUNCTIONS: Final = ("IntakeFunction", "RelayFunction", "ApiFunction")
ASIDE: Final = ("RejectQueue", "CommandDeadLetterQueue")
# The template's three minutes are for functions that are seldom killed.
COMMAND_VISIBILITY_SECONDS: Final = 15
_POLL_SECONDS: Final = 0.5
# So many items wait in the work queue at most: the engine looks at all of them in each call.
_AHEAD: Final = 1_000
_QUIET_SECONDS: Final = 5
# More than the schedule's minute, for an event that only it tells.
_SETTLING_SECONDS: Final = 150


@dataclass(frozen=True, kw_only=True)
class Wish:
    items: int
    seed: int
    # Of a hundred calls so many meet each kind of fault.
    rate: float
    workers: int
    worker_kills: int
    function_kills: int
    restarts: int
    most_seconds: float


class NotDone(Exception):
    """The job did not come to its end in time."""


@dataclass
class Chaos:
    """One job, and whatever happens to it."""

    wish: Wish
    cloud: LocalCloud
    proxy: FaultProxy
    folder: Path
    happened: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = Random(self.wish.seed)
        self._deadline = time.monotonic() + self.wish.most_seconds
        self._ledger = Ledger(endpoints=endpoints_of(self.cloud))
        width = len(str(self.wish.items))
        self._names = [f"invoice-{number:0{width}}" for number in range(self.wish.items)]

    def run(self) -> Evidence:
        where = self.cloud.description
        with Stage(self.cloud.client, where.event_bus_name) as stage:
            environment = {
                **client_environment(self.proxy.url),
                "FORGELEDGER_API_URL": where.api_url,
                "FORGELEDGER_COMMAND_QUEUE_URL": where.command_queue_url,
                WORK_QUEUE_URL: stage.work_queue_url,
            }
            with Crew(self.wish.workers, environment, self.folder) as crew:
                self.proxy.rage()
                job_id = self._register(stage)
                self._work(job_id, stage, crew)
                self.proxy.calm()
            return self._evidence(job_id, stage, crew)

    def _register(self, stage: Stage) -> str:
        job_id = self._insist(
            lambda: self._ledger.create_job("chaos", lanes=8, policy={"maxAttempts": 1_000}).job_id
        )
        stage.listen(job_id)
        # As any producer may, it begins again from the start where it did not get through.
        self._insist(lambda: self._ledger.register(job_id, self._names, seal=True))
        return job_id

    def _work(self, job_id: str, stage: Stage, crew: Crew) -> None:
        incidents = self._incidents(crew)
        sent = 0
        upcoming = next(incidents, None)
        while True:
            job = self._insist(lambda: self._ledger.status(job_id))
            # All of them happen, even where a short job is over before they do.
            while upcoming is not None and job.completed >= upcoming[0] * self.wish.items:
                upcoming[1]()
                upcoming = next(incidents, None)
            if job.is_finished:
                return
            if time.monotonic() > self._deadline:
                self.proxy.calm()
                raise NotDone(f"{job}; {self._ledger.why(job_id)}")
            crew.fill()
            ahead = self._names[sent : job.completed + _AHEAD]
            sent += stage.send_work(json.dumps({"jobId": job_id, "itemId": name}) for name in ahead)
            time.sleep(_POLL_SECONDS)

    def _incidents(self, crew: Crew) -> Iterator[tuple[float, Callable[[], None]]]:
        """What will happen, each when a share of the items is completed."""
        counts: dict[Callable[[], None], int] = {
            lambda: self._kill_worker(crew): self.wish.worker_kills,
            self._kill_function: self.wish.function_kills,
            self._restart: self.wish.restarts,
        }
        planned = [
            (self._random.uniform(0.02, 0.95), incident)
            for incident, number in counts.items()
            for _ in range(number)
        ]
        return iter(sorted(planned, key=lambda each: each[0]))

    def _kill_worker(self, crew: Crew) -> None:
        crew.kill_one(self._random)
        self._count("workers killed (SIGKILL)")

    def _kill_function(self) -> None:
        pids = [pid for name in FUNCTIONS for pid in self.cloud.worker_pids(name)]
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._random.choice(pids), signal.SIGKILL)
        self._count("function processes killed (SIGKILL)")

    def _restart(self) -> None:
        """The engine keeps its rows and messages and forgets its stream; what runs, is cut off."""
        self.cloud.stop()
        self.cloud.start()
        self._count("restarts of the engine and the functions")

    def _count(self, what: str) -> None:
        self.happened[what] = self.happened.get(what, 0) + 1

    def _insist(self, ask: Callable[[], Answer]) -> Answer:
        """The client has its own tries; here the caller has some patience beyond them."""
        while True:
            try:
                return ask()
            except SdkError as error:
                self._count("requests to the API given up by the client, and made again")
                last = error
            if time.monotonic() > self._deadline:
                raise NotDone(f"the last answer was: {last}")

    def _evidence(self, job_id: str, stage: Stage, crew: Crew) -> Evidence:
        """When nothing fails any more, and all late messages have been dealt with."""
        heard: list[dict[str, Any]] = []
        now = quiet_since = time.monotonic()
        settled_by = now + _SETTLING_SECONDS
        while now < settled_by and now < quiet_since + _QUIET_SECONDS:
            events = stage.receive_events(wait_seconds=1)
            heard += events
            now = time.monotonic()
            if events or not heard or self._messages("CommandQueue"):
                quiet_since = now
        self.happened["batches of stream records given up"] = self._messages("RelayFailureQueue")
        recounted = self.cloud.invoke(
            "RelayFunction", {"reconcile": {"jobId": job_id, "recount": True}}
        )
        return Evidence(
            names=self._names,
            job=self._insist(lambda: self._ledger.status(job_id)),
            journal=self._journal(job_id),
            heard=heard,
            drifted_lanes=recounted["jobs"][0]["driftedLanes"],
            put_aside={name: self._messages(name) for name in ASIDE},
            workers_fallen=crew.fallen,
        )

    def _journal(self, job_id: str) -> list[Event]:
        events: list[Event] = []
        cursor: str | None = None
        while True:
            page = self._insist(
                partial(self._ledger.events_page, job_id, limit=PAGE_ROWS, cursor=cursor)
            )
            events += page.rows
            if not page.more:
                return events
            cursor = page.cursor

    def _messages(self, queue: str) -> int:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.cloud.physical_id(queue), AttributeNames=list(names)
        )
        return sum(int(answer["Attributes"][name]) for name in names)


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
    with proxy, cloud:
        _shorten_visibility(cloud)
        broken = run(Chaos(wish, cloud, proxy, folder))
    if broken:
        print(f"\nBROKEN: {', '.join(broken)}; the logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def run(chaos: Chaos) -> list[str]:
    """Names of the promises that were broken."""
    began = time.monotonic()
    try:
        found = chaos.run()
    except NotDone as late:
        print(late)
        return ["done in time"]
    report(chaos, found, time.monotonic() - began)
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


def report(chaos: Chaos, found: Evidence, seconds: float) -> None:
    wish, calls, injected = chaos.wish, chaos.proxy.calls(), chaos.proxy.injected()
    print(
        f"{wish.items:,} items, {wish.workers} workers, seed {wish.seed}, "
        f"each kind of fault in {wish.rate:.1%} of the calls; {seconds:.0f} s"
    )
    share = sum(injected.values()) / calls
    print(f"\nInjected into {calls:,} calls of functions and workers: {share:.1%} of them met")
    for what, number in {**injected, **chaos.happened}.items():
        print(f"  {number:>7,}  {what}")
    print(f"  {without_effect(found.journal):>7,}  repeated or late commands that changed nothing")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.01, help="of each kind of fault")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--worker-kills", type=int, default=10)
    parser.add_argument("--function-kills", type=int, default=10)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument(
        "--seconds", type=float, help="bound; 120 and one for 15 items unless given"
    )
    given = parser.parse_args()
    sys.exit(
        main(
            Wish(
                items=given.items,
                seed=given.seed,
                rate=given.rate,
                workers=given.workers,
                worker_kills=given.worker_kills,
                function_kills=given.function_kills,
                restarts=given.restarts,
                most_seconds=given.seconds or 120 + given.items / 15,
            )
        )
    )
