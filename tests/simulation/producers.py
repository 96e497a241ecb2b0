"""Producers: they create jobs and register items, and ask again until they are answered."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from forgeledger.adapters.job_id_claims import DynamoDBJobIdClaims
from forgeledger.api.parts import parts_on
from forgeledger.domain.commands import Command, CommandKind
from forgeledger.errors import ForgeLedgerError
from forgeledger.ports import LedgerStore
from forgeledger.usecases.creating import Repeat
from forgeledger.usecases.registering import NewItem, Registered
from forgeledger.usecases.surroundings import Surroundings
from tests.simulation import handlers
from tests.simulation.asked import Asked
from tests.simulation.checks import Checks
from tests.simulation.clients import DynamoDBClient
from tests.simulation.environments import Environments
from tests.simulation.faults import client_error
from tests.simulation.happenings import Happening
from tests.simulation.jobs import KnownJob, Part, draw_job
from tests.simulation.lambdas import Faults
from tests.simulation.registering import check_answer
from tests.simulation.script import Theme
from tests.simulation.world import Invocation, World

_TIMEOUT_MS = 29_000
# What a caller of the HTTP side sees as an answer that the request did not work out.
_PROBLEMS = (ForgeLedgerError, type(client_error("", "")))


@dataclass(slots=True)
class _Unborn:
    """A job whose creation was not answered yet."""

    number: int
    seed: int
    theme: Theme


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
        around: Surroundings = self.world.around
        claims = DynamoDBJobIdClaims(
            DynamoDBClient(self.world), handlers.IDEMPOTENCY_TABLE, around.clock
        )
        return parts_on(self.store, claims, around)

    def create(self, seed: int, theme: Theme, faults: Faults) -> None:
        unborn = _Unborn(seed % 100_000, seed, theme)
        if not self._create(unborn, faults):
            self.unborn.append(unborn)

    def create_again(self) -> None:
        """With no faults left, every producer learns that its job is there."""
        waiting, self.unborn = self.unborn, []
        for unborn in waiting:
            assert self._create(unborn, {}), "a job cannot be created without faults"

    def _create(self, unborn: _Unborn, faults: Faults) -> bool:
        random = Random(unborn.seed)
        new, wanted = draw_job(random, unborn.theme, unborn.number)
        repeat = Repeat(key=f"create {unborn.seed}", fingerprint="same")
        if new.seal:
            self.asked.seal_named(new.name)
        commands = _registering(repeat.request_id, [item.item_id for item in new.items])
        for command in commands:
            self.asked.promise(new.name, command.item_id, command.command_id)
        self.tries[repeat.request_id] += 1
        created = self._request(
            lambda: (
                f"create {new.name} with {new.rules}, {new.lanes} lanes, items "
                f"{[item.item_id for item in new.items]}, expects {new.expected_items}, "
                f"{new.tolerance}, deadline {new.deadline_seconds}, seal {new.seal}"
            ),
            lambda parts: parts.creator.create(new, repeat),
            faults,
        )
        if created is None:
            return False
        job = KnownJob(created.view.job.job_id, new, wanted)
        job.orphaned = unborn.theme is not Theme.PLAIN and random.random() < 0.2
        self.world.met[Happening.PRODUCER_DIES] += job.orphaned
        if created.registered is not None:
            self._registered(job, repeat.request_id, commands, created.registered)
        left = wanted[len(new.items) :] if new.items else wanted
        for start in range(0, len(left), 3):
            job.unanswered.append(
                (f"register {unborn.seed}/{start}", tuple(left[start : start + 3]))
            )
        self.jobs.append(job)
        return True

    def register(self, random: Random, faults: Faults) -> None:
        candidates = [job for job in self.jobs if job.unanswered and not job.orphaned]
        if candidates:
            job = random.choice(candidates)
            self.register_part(job, random.choice(job.unanswered), faults)

    def register_part(self, job: KnownJob, part: Part, faults: Faults) -> None:
        request_id, names = part
        items = [NewItem(item_id=name, payload=f'"{name}"') for name in names]
        commands = _registering(request_id, names)
        for command in commands:
            self.asked.command(job.job_id, command)
        self.tries[request_id] += 1
        done = self._request(
            lambda: f"register {', '.join(names)}",
            lambda parts: parts.registrar.register(job.job_id, items, request_id),
            faults,
        )
        if done is None:
            return
        self._registered(job, request_id, commands, done)
        if part in job.unanswered:
            job.unanswered.remove(part)

    def _registered(
        self, job: KnownJob, request_id: str, commands: Sequence[Command], answer: Registered
    ) -> None:
        job.refused |= {each.item_id for each in answer.rejected}
        checks = self.world.observer
        # Beside the real engine nobody looks.
        if isinstance(checks, Checks):
            first = self.tries[request_id] == 1
            check_answer(checks.lanes, job.job_id, commands, answer, first=first)

    def _request(self, what: Callable[[], str], work: Callable[[Any], Any], faults: Faults) -> Any:
        """Through the HTTP side; None where no answer came, or one that says to try again."""
        world = self.world
        process = Invocation("api", faults)
        if world.story is not None:
            world.note(f"somebody asks to {what()}")
        if self.environments.full():
            return None
        try:
            ended, answer = self.environments.run(process, _TIMEOUT_MS, work)
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


def _short(answer: Any) -> str:
    if isinstance(answer, dict):
        return f"{answer['status']} over HTTP"
    verdict = getattr(answer, "verdict", None)
    if verdict is None:
        return type(answer).__name__
    view = getattr(answer, "view", None)
    more = "" if view is None else f" {view.job.status}"
    return f"{verdict} {answer.reason or ''}{more}"
