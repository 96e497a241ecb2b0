"""One job while calls fail, processes are killed and the engine restarts."""

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
from benchmarks.chaos.chaos_workers import WORK_QUEUE_URL, ChaosWorkers
from benchmarks.chaos.fault_proxy import FaultProxy
from benchmarks.design_forgeledger import endpoints_of
from benchmarks.time_limit import TimeLimitExceeded, time_limit
from forgeledger.demo.setup import DemoResources
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger, SdkError

Answer = TypeVar("Answer")

FUNCTIONS: Final = ("IntakeFunction", "RelayFunction", "ApiFunction")
# Instead of the template's three minutes, which suit functions that are rarely killed.
COMMAND_VISIBILITY_SECONDS: Final = 15
_POLL_SECONDS: Final = 0.5
# At most this many items wait in the work queue: each call makes the engine look at all of them.
_QUEUED_ITEMS: Final = 1_000
_EXPLAIN_SECONDS: Final = 20


@dataclass(frozen=True, kw_only=True)
class ChaosOptions:
    items: int
    seed: int
    # The share of calls that each kind of fault hits.
    rate: float
    workers: int
    worker_kills: int
    function_kills: int
    restarts: int
    job_seconds: float
    audit_seconds: float


@dataclass
class ChaosJob:
    options: ChaosOptions
    cloud: LocalCloud
    proxy: FaultProxy
    folder: Path
    # How often each kind of incident happened, and how long each part took.
    incidents: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = Random(self.options.seed)
        self._job_id = ""
        self._ledger = Ledger(endpoints=endpoints_of(self.cloud))
        width = len(str(self.options.items))
        self._names = [f"invoice-{number:0{width}}" for number in range(self.options.items)]

    def run(self) -> Evidence:
        description = self.cloud.description
        with DemoResources(self.cloud.client, description.event_bus_name) as resources:
            environment = {
                **client_environment(self.proxy.url),
                "FORGELEDGER_API_URL": description.api_url,
                "FORGELEDGER_COMMAND_QUEUE_URL": description.command_queue_url,
                WORK_QUEUE_URL: resources.work_queue_url,
            }
            with ChaosWorkers(self.options.workers, environment, self.folder) as workers:
                self.proxy.start_faults()
                try:
                    with self._timed("the job", self.options.job_seconds):
                        self._register(resources)
                        self._work(resources, workers)
                finally:
                    self.proxy.stop_faults()
            with self._timed("the audit", self.options.audit_seconds):
                audit = Audit(self.cloud, self._ledger, self._job_id)
                evidence = audit.evidence(self._names, resources, workers.unexpected_exits)
                discarded = audit.messages("RelayFailureQueue")
                self.incidents["stream batches given up by the relay"] = discarded
            return evidence

    def progress(self) -> str:
        """Of a job that exceeded its time limit or was interrupted."""
        if not self._job_id:
            return "the job was not even created"
        try:
            with time_limit(_EXPLAIN_SECONDS, "asking for its state"):
                why = self._ledger.why(self._job_id)
        except (SdkError, TimeLimitExceeded) as error:
            return str(error)
        return (
            f"the job is {why.status}, {why.completed:,} of {why.total:,} items completed, "
            f"{why.in_progress:,} in progress; why: {', '.join(why.reasons)}"
        )

    @contextlib.contextmanager
    def _timed(self, part: str, seconds: float) -> Iterator[None]:
        began = time.monotonic()
        try:
            with time_limit(seconds, part):
                yield
        finally:
            self.seconds[part] = time.monotonic() - began

    def _register(self, resources: DemoResources) -> None:
        self._job_id = self._until_answered(
            lambda: self._ledger.create_job("chaos", lanes=8, policy={"maxAttempts": 1_000}).job_id
        )
        resources.listen(self._job_id)
        # A producer may repeat the whole registration: known items are not registered again.
        self._until_answered(lambda: self._ledger.register(self._job_id, self._names, seal=True))

    def _work(self, resources: DemoResources, workers: ChaosWorkers) -> None:
        incidents = self._planned_incidents(workers)
        sent = 0
        upcoming = next(incidents, None)
        while True:
            job = self._until_answered(lambda: self._ledger.status(self._job_id))
            # All of them happen, even where a short job is over before they are due.
            while upcoming is not None and job.completed >= upcoming[0] * self.options.items:
                upcoming[1]()
                upcoming = next(incidents, None)
            if job.is_finished:
                return
            workers.replace_exited()
            names = self._names[sent : job.completed + _QUEUED_ITEMS]
            sent += resources.send_work(
                json.dumps({"jobId": self._job_id, "itemId": name}) for name in names
            )
            time.sleep(_POLL_SECONDS)

    def _planned_incidents(
        self, workers: ChaosWorkers
    ) -> Iterator[tuple[float, Callable[[], None]]]:
        """Each incident with the share of completed items at which it happens, in order."""
        counts: dict[Callable[[], None], int] = {
            lambda: self._kill_worker(workers): self.options.worker_kills,
            self._kill_function: self.options.function_kills,
            self._restart: self.options.restarts,
        }
        planned = [
            (self._random.uniform(0.02, 0.95), incident)
            for incident, number in counts.items()
            for _ in range(number)
        ]
        return iter(sorted(planned, key=lambda due: due[0]))

    def _kill_worker(self, workers: ChaosWorkers) -> None:
        workers.kill_random(self._random)
        self._count("workers killed (SIGKILL)")

    def _kill_function(self) -> None:
        pids = [pid for name in FUNCTIONS for pid in self.cloud.function_pids(name)]
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._random.choice(pids), signal.SIGKILL)
        self._count("function processes killed (SIGKILL)")

    def _restart(self) -> None:
        """The engine retains rows and messages and loses its stream; running calls are cut off."""
        self.cloud.stop()
        self.cloud.start()
        self._count("restarts of the engine and the functions")

    def _count(self, incident: str) -> None:
        self.incidents[incident] = self.incidents.get(incident, 0) + 1

    def _until_answered(self, request: Callable[[], Answer]) -> Answer:
        """Repeat the request also after the client's own retries."""
        while True:
            try:
                return request()
            except SdkError:
                self._count("API requests repeated after the client's own retries")
