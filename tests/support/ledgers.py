"""A ledger in memory: a store, a clock that tests move, and all use cases."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.facts import Fact, event_id
from forgeledger.jobs.model.ids import lane_of, make_job_id
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.outcomes import Outcome
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.change_job import JobLifecycle
from forgeledger.jobs.usecases.extend_retention import RetentionExtender
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.jobs.usecases.reconcile_jobs import Reconciler
from forgeledger.jobs.usecases.recount_lane import Recounter
from forgeledger.jobs.usecases.run_round import ScheduledRound
from forgeledger.runtime import HasTime, Runtime, no_deadline
from tests.support.builders import NOW, make_command, make_spec
from tests.support.memory_store import MemoryStore
from tests.support.one_by_one import one_by_one


@dataclass
class Listener:
    """An event bus that records events, and refuses the first `refusals` of them."""

    heard: list[str] = field(default_factory=list)
    refusals: int = 0

    def publish(self, job: Job, facts: Sequence[Fact], has_time: HasTime = no_deadline) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("the bus is unreachable")
        self.heard += [event_id(job.job_id, fact).removeprefix(f"{job.job_id}:") for fact in facts]


def retention_extender(store: Any, runtime: Runtime) -> RetentionExtender:
    return RetentionExtender(jobs=store, lists=store, retention=store, runtime=runtime)


@dataclass
class Ledger:
    store: MemoryStore
    now: int = NOW
    made: int = 0
    pauses: list[float] = field(default_factory=list)
    bus: Listener = field(default_factory=Listener)

    def __post_init__(self) -> None:
        self.runtime = Runtime(
            clock=lambda: self.now,
            new_id=self._new_id,
            sleep=self.pauses.append,
            draw=lambda: 0.5,
            parallel=one_by_one,
        )
        self.lane_writer = LaneWriter(self.store, self.runtime)
        self.fact_publisher = FactPublisher(facts=self.store, publisher=self.bus)
        self.advancer = self.advancer_of(self.fact_publisher)
        # As the API's, which leaves its facts to their stream records.
        self.silent_advancer = self.advancer_of(None)
        self.lifecycle = JobLifecycle(self.store, self.silent_advancer, self.runtime)
        self.recounter = Recounter(self.store, self.runtime)
        self.reconciler = Reconciler(
            jobs=self.store,
            lists=self.store,
            advancer=self.advancer,
            recounter=self.recounter,
            runtime=self.runtime,
        )
        self.retention_extender = retention_extender(self.store, self.runtime)
        self.scheduled_round = ScheduledRound(
            checkpoints=self.store,
            reconciler=self.reconciler,
            retention_extender=self.retention_extender,
        )

    def advancer_of(self, fact_publisher: FactPublisher | None) -> JobAdvancer:
        return JobAdvancer(self.store, self.lane_writer, self.runtime, fact_publisher)

    def _new_id(self) -> str:
        self.made += 1
        return f"id-{self.made}"

    def job(self, *, lanes: int = 2, **spec: object) -> str:
        self.made += 1
        job_id = make_job_id(self.now, self.made, lanes)
        job, heads, fact = create(make_spec(job_id=job_id, created_at=self.now, **spec))
        self.store.create_job(job, heads, fact)
        return job_id

    def send(self, job_id: str, *commands: Command) -> list[Outcome]:
        """Apply each command to its lane, one at a time."""
        lanes = self.view(job_id).job.spec.lanes
        return [
            self.lane_writer.apply(job_id, lane_of(command.item_id, lanes), [command]).outcomes[0]
            for command in commands
        ]

    def do(self, job_id: str, kind: str, *item_ids: str, **fields: object) -> list[Outcome]:
        """Apply a new command of this kind to each item."""
        commands = []
        for item_id in item_ids:
            self.made += 1
            command_id = f"command-{self.made}"
            fields_of_one = {"item_id": item_id, "command_id": command_id, **fields}
            commands.append(make_command(kind, **fields_of_one))
        return self.send(job_id, *commands)

    def fill(self, job_id: str, number: int) -> None:
        """Register `number` items in the job's first lane, in one batch."""
        names = [f"i{n:04d}" for n in range(number)]
        commands = [make_command("register", item_id=name, command_id=name) for name in names]
        self.lane_writer.apply(job_id, 0, commands)

    def view(self, job_id: str) -> JobView:
        view = self.store.load_job(job_id)
        assert view is not None
        return view
