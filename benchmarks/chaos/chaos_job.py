"""One job, and whatever happens to it: failing calls, killed processes, a restarted engine."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from benchmarks.chaos.chaos_audit import Audit
from benchmarks.chaos.chaos_guarantees import Evidence
from benchmarks.chaos.chaos_workers import WORK_QUEUE_URL, Crew
from benchmarks.chaos.fault_proxy import FaultProxy
from benchmarks.design_forgeledger import endpoints_of
from benchmarks.time_limit import NotDone, within
from forgeledger.demo.setup import DemoResources
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger, SdkError

Answer = TypeVar("Answer")

FUNCTIONS: Final = ("IntakeFunction", "RelayFunction", "ApiFunction")
# The template's three minutes are for functions that are seldom killed.
COMMAND_VISIBILITY_SECONDS: Final = 15
_POLL_SECONDS: Final = 0.5
# So many items wait in the work queue at most: the engine looks at all of them in each call.
_AHEAD: Final = 1_000
_LAST_LOOK_SECONDS: Final = 20


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
    job_seconds: float
    audit_seconds: float


@dataclass
class Chaos:
    """One job, and whatever happens to it."""

    wish: Wish
    cloud: LocalCloud
    proxy: FaultProxy
    folder: Path
    happened: dict[str, int] = field(default_factory=dict)
    # How long each part took.
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = Random(self.wish.seed)
        self._job_id = ""
        self._ledger = Ledger(endpoints=endpoints_of(self.cloud))
        width = len(str(self.wish.items))
        self._names = [f"invoice-{number:0{width}}" for number in range(self.wish.items)]

    def run(self) -> Evidence:
        where = self.cloud.description
        with DemoResources(self.cloud.client, where.event_bus_name) as stage:
            environment = {
                **client_environment(self.proxy.url),
                "FORGELEDGER_API_URL": where.api_url,
                "FORGELEDGER_COMMAND_QUEUE_URL": where.command_queue_url,
                WORK_QUEUE_URL: stage.work_queue_url,
            }
            with Crew(self.wish.workers, environment, self.folder) as crew:
                self.proxy.rage()
                try:
                    with self._timed("the job", self.wish.job_seconds):
                        self._register(stage)
                        self._work(stage, crew)
                finally:
                    self.proxy.calm()
            with self._timed("the audit", self.wish.audit_seconds):
                audit = Audit(self.cloud, self._ledger, self._job_id)
                found = audit.evidence(self._names, stage, crew.fallen)
                given_up = audit.messages("RelayFailureQueue")
                self.happened["batches of stream records given up"] = given_up
            return found

    def where_it_stands(self) -> str:
        """Of a job that was not done in time, and of one that nobody could look at in time."""
        if not self._job_id:
            return "it was not even created"
        try:
            with within(_LAST_LOOK_SECONDS, "a last look at the job"):
                why = self._ledger.why(self._job_id)
        except (SdkError, NotDone) as error:
            return str(error)
        return (
            f"the job is {why.status}, {why.completed:,} of {why.total:,} items completed, "
            f"{why.in_progress:,} in progress; why: {', '.join(why.reasons)}"
        )

    @contextlib.contextmanager
    def _timed(self, part: str, seconds: float) -> Iterator[None]:
        began = time.monotonic()
        try:
            with within(seconds, part):
                yield
        finally:
            self.seconds[part] = time.monotonic() - began

    def _register(self, stage: DemoResources) -> None:
        self._job_id = self._insist(
            lambda: self._ledger.create_job("chaos", lanes=8, policy={"maxAttempts": 1_000}).job_id
        )
        stage.listen(self._job_id)
        # As any producer may, it begins again from the start where it did not get through.
        self._insist(lambda: self._ledger.register(self._job_id, self._names, seal=True))

    def _work(self, stage: DemoResources, crew: Crew) -> None:
        incidents = self._incidents(crew)
        sent = 0
        upcoming = next(incidents, None)
        while True:
            job = self._insist(lambda: self._ledger.status(self._job_id))
            # All of them happen, even where a short job is over before they do.
            while upcoming is not None and job.completed >= upcoming[0] * self.wish.items:
                upcoming[1]()
                upcoming = next(incidents, None)
            if job.is_finished:
                return
            crew.fill()
            ahead = self._names[sent : job.completed + _AHEAD]
            sent += stage.send_work(
                json.dumps({"jobId": self._job_id, "itemId": name}) for name in ahead
            )
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
        pids = [pid for name in FUNCTIONS for pid in self.cloud.function_pids(name)]
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
            except SdkError:
                self._count("requests to the API given up by the client, and made again")
