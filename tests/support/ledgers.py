"""A ledger in memory with a clock that tests move, and all use cases on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.facts import Fact, event_id
from forgeledger.jobs.model.ids import lane_of, make_job_id
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.outcomes import Outcome
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases.advance_job import Advancer
from forgeledger.jobs.usecases.apply_commands import Applier
from forgeledger.jobs.usecases.change_job import LifeCycle
from forgeledger.jobs.usecases.extend_retention import Keeper
from forgeledger.jobs.usecases.publish_facts import Teller
from forgeledger.jobs.usecases.reconcile_jobs import Reconciler
from forgeledger.jobs.usecases.recount_lane import Recounter
from forgeledger.jobs.usecases.run_round import Rounds
from forgeledger.parallel import one_by_one
from forgeledger.runtime import Surroundings
from tests.support.builders import NOW, make_command, make_spec
from tests.support.memory_store import MemoryStore


@dataclass
class Listener:
    """An event bus that remembers, and refuses as often as told."""

    heard: list[str] = field(default_factory=list)
    refusals: int = 0

    def publish(self, job: Job, facts: Sequence[Fact]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("the bus is away")
        self.heard += [event_id(job.job_id, fact).removeprefix(f"{job.job_id}:") for fact in facts]


@dataclass
class Ledger:
    store: MemoryStore
    now: int = NOW
    made: int = 0
    pauses: list[float] = field(default_factory=list)
    bus: Listener = field(default_factory=Listener)

    def __post_init__(self) -> None:
        self.around = Surroundings(
            clock=lambda: self.now,
            new_id=self._new_id,
            sleep=self.pauses.append,
            chance=lambda: 0.5,
            parallel=one_by_one,
        )
        self.applier = Applier(self.store, self.around)
        self.advancer = Advancer(self.store, self.applier, self.around)
        self.life = LifeCycle(self.store, self.advancer, self.around)
        self.teller = Teller(self.store, self.bus)
        self.recounter = Recounter(self.store, self.around)
        self.reconciler = Reconciler(
            self.store, self.advancer, self.teller, self.recounter, self.around
        )
        self.keeper = Keeper(self.store, self.around)
        self.rounds = Rounds(self.store, self.reconciler, self.keeper)

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
        """Each command to its lane, one by one."""
        lanes = self.view(job_id).job.spec.lanes
        return [
            self.applier.apply(job_id, lane_of(each.item_id, lanes), [each]).outcomes[0]
            for each in commands
        ]

    def do(self, job_id: str, kind: str, *item_ids: str, **fields: object) -> list[Outcome]:
        """The same new command for several items."""
        commands = []
        for item_id in item_ids:
            self.made += 1
            command_id = f"command-{self.made}"
            fields_of_one = {"item_id": item_id, "command_id": command_id, **fields}
            commands.append(make_command(kind, **fields_of_one))
        return self.send(job_id, *commands)

    def fill(self, job_id: str, number: int) -> None:
        """So many items in the job's first lane, in one batch."""
        names = [f"i{n:04d}" for n in range(number)]
        commands = [make_command("register", item_id=name, command_id=name) for name in names]
        self.applier.apply(job_id, 0, commands)

    def view(self, job_id: str) -> JobView:
        view = self.store.load_job(job_id)
        assert view is not None
        return view
