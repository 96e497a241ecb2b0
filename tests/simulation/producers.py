"""Producers: they create jobs and register items, and ask again until they are answered."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from forgeledger.errors import ForgeLedgerError
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.ports import LedgerStore
from forgeledger.jobs.services import services_on
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import NewItem, Registered
from forgeledger.repeat import Repeat
from forgeledger.runtime import Runtime
from forgeledger.sdk.json_decoder import registration_of
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from tests.simulation import handlers
from tests.simulation.checks import Checks
from tests.simulation.clients import DynamoDBClient
from tests.simulation.coverage import Happening
from tests.simulation.environments import Environments
from tests.simulation.faults import client_error
from tests.simulation.jobs import KnownJob, Part, draw_job
from tests.simulation.lambdas import Faults
from tests.simulation.registration_checks import check_answer, check_only
from tests.simulation.request_checks import Asked
from tests.simulation.script import Theme
from tests.simulation.sdk_side import OPTIONS, TIMEOUT_MS, Line, as_registered, heard, terms_of
from tests.simulation.world import Invocation, World

# What a caller of the HTTP side sees as an answer that the request did not work out.
_PROBLEMS = (ForgeLedgerError, type(client_error("", "")))


# How many of the requests that can go through the real routes do so: they take their time.
HTTP = 0.05
# For so long a key stands for the job that was created with it.
_CLAIMED_MS = 599_000


@dataclass(frozen=True, slots=True)
class _Unborn:
    """A job whose creation was not answered yet."""

    number: int
    seed: int
    theme: Theme
    # When its creation was first asked for.
    since: int
    by_sdk: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """What a producer was told, and what the ledger made of what it asked for."""

    job_id: str
    registered: Registered | None
    commands: Sequence[Command]
    # Whether nothing was asked twice on the way.
    first: bool


@dataclass(slots=True)
class Producers:
    world: World
    store: LedgerStore
    asked: Asked
    jobs: list[KnownJob] = field(default_factory=list)
    unborn: list[_Unborn] = field(default_factory=list)
    # How often each request id was asked with.
    tries: Counter[str] = field(default_factory=Counter)
    environments: Environments = field(init=False)

    def __post_init__(self) -> None:
        self.environments = Environments(self.world, self._start)

    def _start(self) -> Any:
        runtime: Runtime = self.world.runtime
        claims = DynamoDBJobIdClaims(
            DynamoDBClient(self.world),
            handlers.IDEMPOTENCY_TABLE,
            runtime.clock,
            IDEMPOTENCY_SECONDS,
        )
        return services_on(self.store, claims, runtime)

    def create(self, seed: int, theme: Theme, faults: Faults, *, by_sdk: bool) -> None:
        unborn = _Unborn(seed % 100_000, seed, theme, self.world.now, by_sdk)
        if not self._create(unborn, faults):
            self.unborn.append(unborn)

    def create_again(self) -> None:
        """Whoever was not answered asks once more; where nobody is in the way, that works out."""
        waiting, self.unborn = self.unborn, []
        self.unborn += [each for each in waiting if not self._create(each, {})]

    def _create(self, unborn: _Unborn, faults: Faults) -> bool:
        random = Random(unborn.seed)
        new, wanted = draw_job(random, unborn.theme, unborn.number)
        self.asked.create(new)
        create = self._create_by_sdk if unborn.by_sdk else self._create_here
        created = create(f"create {unborn.seed}", new, faults)
        if created is None:
            return False
        job = KnownJob(created.job_id, new, wanted)
        self._registered(job, created)
        self._created_once(job, unborn)
        left = wanted[len(new.items) :] if new.items else wanted
        for start in range(0, len(left), 3):
            job.unanswered.append(
                (f"register {unborn.seed}/{start}", tuple(left[start : start + 3]))
            )
        if unborn.theme is not Theme.PLAIN and random.random() < 0.3:
            job.dies_with = random.randint(0, len(job.unanswered))
        self._outlive(job)
        self.jobs.append(job)
        return True

    def _create_here(self, key: str, new: NewJob, faults: Faults) -> _Told | None:
        repeat = Repeat(key=key, fingerprint="same")
        commands = _registering(repeat.request_id, [item.item_id for item in new.items])
        for command in commands:
            self.asked.promise(new.name, command.item_id, command.command_id)
        self.tries[repeat.request_id] += 1
        created = self._request(
            lambda: _told_of(new), lambda parts: parts.creator.create(new, repeat), faults
        )
        if created is None:
            return None
        first = self.tries[repeat.request_id] == 1
        return _Told(created.view.job.job_id, created.registered, commands, first)

    def _create_by_sdk(self, key: str, new: NewJob, faults: Faults) -> _Told | None:
        commands: list[Command] = []

        def announce(body: Mapping[str, Any], request_id: str) -> None:
            names = [item["itemId"] for item in body.get("items", ())]
            commands.extend(_registering(request_id, names))
            for command in commands:
                self.asked.promise(new.name, command.item_id, command.command_id)

        self.tries[key] += 1
        line = Line(self.world, self.environments, faults, announce, key)
        self.world.note(f"a producer asks to {_told_of(new)}")
        job = heard(line, lambda ledger: ledger.create_job(**terms_of(new), idempotency_key=key))
        if job is None:
            return None
        told = job.raw["registration"]
        registered = None if told is None else as_registered(registration_of(told))
        first = self.tries[key] == 1 and not line.repeated
        return _Told(job.job_id, registered, commands, first)

    def register(self, random: Random, faults: Faults) -> None:
        candidates = [job for job in self.jobs if job.unanswered and not job.orphaned]
        if candidates:
            job = random.choice(candidates)
            part = random.choice(job.unanswered)
            self.register_part(job, part, faults, by_sdk=random.random() < HTTP)
            if part not in job.unanswered:
                self._outlive(job)
                self.world.met[Happening.PRODUCER_STOPS] += job.orphaned and bool(job.unanswered)

    def _outlive(self, job: KnownJob) -> None:
        """See whether this was the last that its producer did."""
        job.orphaned = job.dies_with == len(job.unanswered)
        self.world.met[Happening.PRODUCER_DIES] += job.orphaned

    def register_part(
        self, job: KnownJob, part: Part, faults: Faults, *, by_sdk: bool = False
    ) -> None:
        self.tries[part[0]] += 1
        register = self._register_by_sdk if by_sdk else self._register_here
        told = register(job, part, faults)
        if told is None:
            return
        self._registered(job, told)
        if part in job.unanswered:
            job.unanswered.remove(part)

    def _register_here(self, job: KnownJob, part: Part, faults: Faults) -> _Told | None:
        request_id, names = part
        items = [NewItem(item_id=name, payload=f'"{name}"') for name in names]
        commands = _registering(request_id, names)
        for command in commands:
            self.asked.command(job.job_id, command)
        done = self._request(
            lambda: f"register {', '.join(names)}",
            lambda parts: parts.registrar.register(job.job_id, items, request_id),
            faults,
        )
        first = self.tries[request_id] == 1
        return None if done is None else _Told(job.job_id, done, commands, first)

    def _register_by_sdk(self, job: KnownJob, part: Part, faults: Faults) -> _Told | None:
        request_id, names = part
        commands: list[Command] = []

        def announce(body: Mapping[str, Any], request_id: str) -> None:
            for command in _registering(request_id, [item["itemId"] for item in body["items"]]):
                commands.append(command)
                self.asked.command(job.job_id, command)

        # The SDK takes new keys each time it is called.
        key = f"{job.job_id} {request_id} {self.tries[request_id]}"
        line = Line(self.world, self.environments, faults, announce, key)
        self.world.note(f"a producer asks to register {', '.join(names)}")
        items = [{"itemId": name, "payload": name} for name in names]
        done = heard(line, lambda ledger: ledger.register(job.job_id, items, options=OPTIONS))
        if done is None:
            return None
        first = self.tries[request_id] == 1 and not line.repeated
        return _Told(job.job_id, as_registered(done), commands, first)

    def _registered(self, job: KnownJob, told: _Told) -> None:
        if told.registered is None:
            return
        job.refused |= {each.item_id for each in told.registered.rejected}
        checks = self.world.observer
        # Beside the real engine nobody looks.
        if isinstance(checks, Checks):
            check_answer(checks.lanes, job.job_id, told.commands, told.registered, first=told.first)

    def _created_once(self, job: KnownJob, unborn: _Unborn) -> None:
        checks = self.world.observer
        names = [each.new.name for each in self.jobs]
        late = self.world.now - unborn.since > _CLAIMED_MS
        if isinstance(checks, Checks) and not late and job.new.name not in names:
            check_only(checks.jobs, job.new.name)

    def _request(self, what: Callable[[], str], work: Callable[[Any], Any], faults: Faults) -> Any:
        """Through the HTTP side; None where no answer came, or one that says to try again."""
        world = self.world
        process = Invocation("api", faults)
        if world.story is not None:
            world.note(f"somebody asks to {what()}")
        if self.environments.full():
            return None
        try:
            ended, answer = self.environments.run(process, TIMEOUT_MS, work)
        except _PROBLEMS as error:
            if not process.disturbed:
                raise
            world.note(f"the answer is {type(error).__name__}")
            return None
        except Exception as error:
            if not process.disturbed:
                raise
            world.note(f"the answer is a fault, {type(error).__name__}")
            return None
        if ended and world.story is not None:
            world.note(f"the answer is {_short(answer)}")
        return answer if ended else None


def _registering(request_id: str, names: Sequence[str]) -> list[Command]:
    """What the ledger makes of a request to register these."""
    return [
        Command(
            kind=CommandKind.REGISTER,
            item_id=name,
            command_id=f"{request_id}:{index}",
            payload=f'"{name}"',
        )
        for index, name in enumerate(names)
    ]


def _told_of(new: NewJob) -> str:
    return (
        f"create {new.name} with {new.rules}, {new.lanes} lanes, items "
        f"{[item.item_id for item in new.items]}, expects {new.expected_items}, "
        f"{new.tolerance}, deadline {new.deadline_seconds}, seal {new.seal}"
    )


def _short(answer: Any) -> str:
    if isinstance(answer, dict):
        return f"{answer['status']} over HTTP"
    outcome = getattr(answer, "outcome", None) or getattr(answer, "kind", None)
    if outcome is None:
        return type(answer).__name__
    view = getattr(answer, "view", None)
    more = "" if view is None else f" {view.job.status}"
    return f"{outcome} {answer.reason or ''}{more}"
