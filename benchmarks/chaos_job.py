"""One job, and whatever happens to it: failing calls, killed processes, a restarted engine."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

from benchmarks.chaos_crew import WORK_QUEUE_URL, Crew
from benchmarks.chaos_promises import Evidence
from benchmarks.fault_proxy import FaultProxy
from benchmarks.our_design import endpoints_of
from forgeledger.demo.stage import Stage
from forgeledger.domain.limits import PAGE_ROWS
from forgeledger.local.engine import client_environment
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
