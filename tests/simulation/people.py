"""Producers and operators: they create, register, seal, cancel, reopen, retry, ask and look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from forgeledger.adapters.job_id_claims import DynamoDBJobIdClaims
from forgeledger.api.parts import parts_on
from forgeledger.domain.commands import Command, CommandKind
from forgeledger.domain.ids import lane_of, lanes_of
from forgeledger.domain.items import Failure
from forgeledger.domain.outcomes import Outcome, Verdict
from forgeledger.errors import ForgeLedgerError
from forgeledger.ports import LedgerStore
from forgeledger.usecases.creating import Repeat
from forgeledger.usecases.registering import NewItem
from forgeledger.usecases.surroundings import Surroundings
from tests.simulation import handlers
from tests.simulation.asked import Asked
from tests.simulation.clients import DynamoDBClient
from tests.simulation.environments import Environments
from tests.simulation.faults import client_error
from tests.simulation.happenings import Happening
from tests.simulation.http_side import command_body, request
from tests.simulation.jobs import KnownJob, draw_job, is_bad
from tests.simulation.lambdas import Faults
from tests.simulation.script import Theme
from tests.simulation.world import Invocation, World

_TIMEOUT_MS = 29_000
# How many of the requests that can go through the real routes do so: they take their time.
HTTP = 0.05
# What a caller of the HTTP side sees as an answer that the request did not work out.
_PROBLEMS = (ForgeLedgerError, type(client_error("", "")))


@dataclass(slots=True)
class _Unborn:
    """A job whose creation was not answered yet."""

    number: int
    seed: int
    theme: Theme


@dataclass(slots=True)
class People:
    world: World
    store: LedgerStore
    asked: Asked
    jobs: list[KnownJob] = field(default_factory=list)
    unborn: list[_Unborn] = field(default_factory=list)
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
        for index, item in enumerate(new.items):
            command_id = f"{repeat.request_id}:{index}"
            self.asked.promise(new.name, item.item_id, command_id)
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

    def register_part(
        self, job: KnownJob, part: tuple[str, tuple[str, ...]], faults: Faults
    ) -> None:
        request_id, names = part
        items = [NewItem(item_id=name, payload=f'"{name}"') for name in names]
        for index, name in enumerate(names):
            self.asked.command(
                job.job_id,
                Command(
                    kind=CommandKind.REGISTER,
                    item_id=name,
                    command_id=f"{request_id}:{index}",
                    payload=f'"{name}"',
                ),
            )
        done = self._request(
            lambda: f"register {', '.join(names)}",
            lambda parts: parts.registrar.register(job.job_id, items, request_id),
            faults,
        )
        if done is not None and part in job.unanswered:
            job.unanswered.remove(part)

    def seal(self, job: KnownJob, faults: Faults, *, http: bool = False) -> Any:
        self.asked.seal(job.job_id)
        self.world.met[Happening.SEALED] += 1
        return self._ask_life("seal", job, faults, http=http)

    def cancel(self, random: Random, faults: Faults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            self.asked.cancel(job.job_id)
            self.world.met[Happening.CANCELED] += 1
            self._ask_life("cancel", job, faults, http=random.random() < HTTP)

    def reopen(self, random: Random, faults: Faults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            self.asked.reopen(job.job_id)
            self.world.met[Happening.REOPENED] += 1
            done = self._ask_life("reopen", job, faults)
            if done is not None and done.verdict is Verdict.APPLIED:
                more = f"{job.new.name[4:]}+{len(job.wanted)}"
                job.wanted.append(more)
                job.unanswered.append((f"more {more}", (more,)))

    def retry(self, random: Random, faults: Faults) -> None:
        candidates = [job for job in self.jobs if job.wanted]
        if candidates:
            job = random.choice(candidates)
            bad = [item_id for item_id in job.wanted if is_bad(item_id)]
            item_id = random.choice(bad or job.wanted)
            self.world.met[Happening.RETRIED] += 1
            self.command(job, CommandKind.RETRY, item_id, faults, http=random.random() < HTTP)

    def ask(self, random: Random, faults: Faults) -> None:
        """A worker that speaks HTTP."""
        candidates = [job for job in self.jobs if job.wanted]
        if not candidates:
            return
        job = random.choice(candidates)
        item_id = random.choice(job.wanted)
        known = job.attempts.get(item_id, 0)
        done = CommandKind.COMPLETE
        kind = random.choice(
            (CommandKind.CLAIM, CommandKind.CLAIM, done, done, CommandKind.RELEASE)
        )
        if kind is CommandKind.COMPLETE and is_bad(item_id):
            kind = CommandKind.FAIL
        attempt = random.choice((None, max(known, 1), known + 1))
        fields: dict[str, Any] = {"attempt": attempt, "worker_id": f"h{random.randint(1, 2)}"}
        if kind is CommandKind.FAIL:
            fields["failure"] = Failure(type="Http", retryable=False)
        http = random.random() < HTTP
        outcome = self.command(job, kind, item_id, faults, http=http, **fields)
        if outcome is not None and outcome.item is not None:
            job.attempts[item_id] = max(known, outcome.item.attempt)

    def command(
        self,
        job: KnownJob,
        kind: CommandKind,
        item_id: str,
        faults: Faults,
        *,
        http: bool = False,
        **fields: Any,
    ) -> Outcome | None:
        """With `http` through the real routes, else through the use case that they call."""
        command = Command(kind=kind, item_id=item_id, command_id=self.world.new_id(), **fields)
        mark = self.asked.command(job.job_id, command)

        def apply(parts: Any) -> Outcome:
            lane = lane_of(item_id, lanes_of(job.job_id) or 1)
            outcomes: tuple[Outcome, ...] = parts.applier.apply(
                job.job_id, lane, (command,)
            ).outcomes
            return outcomes[0]

        def post(_: Any) -> Outcome:
            path = f"/jobs/{job.job_id}/items/{item_id}/{kind}"
            answer = request(self.world, "POST", path, command_body(command))
            return Outcome(verdict=Verdict(answer["outcome"]))

        outcome: Outcome | None = self._request(
            lambda: f"{kind} {item_id} {fields}", post if http else apply, faults
        )
        if outcome is not None:
            self.asked.answered(job.job_id, command, mark, outcome)
        return outcome

    def finish(self, job: KnownJob, lane: int, item_ids: Sequence[str]) -> None:
        """All of them at once, each as it has to end."""
        commands = []
        for item_id in item_ids:
            failure = Failure(type="Final", retryable=False) if is_bad(item_id) else None
            kind = CommandKind.COMPLETE if failure is None else CommandKind.FAIL
            commands.append(
                Command(kind=kind, item_id=item_id, command_id=self.world.new_id(), failure=failure)
            )
        marks = [self.asked.command(job.job_id, command) for command in commands]
        applied = self._request(
            lambda: f"finish {', '.join(item_ids)}",
            lambda parts: parts.applier.apply(job.job_id, lane, commands),
            {},
        )
        for command, mark, outcome in zip(commands, marks, applied.outcomes, strict=True):
            self.asked.answered(job.job_id, command, mark, outcome)

    def look(self, random: Random, faults: Faults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            begun, commits = self.asked.facts[job.job_id], self.world.commits
            standing = self._request(
                lambda: f"look at {job.new.name}",
                lambda _: request(self.world, "GET", f"/jobs/{job.job_id}"),
                faults,
            )
            if standing is not None:
                self.asked.looked(job.job_id, begun, commits, standing)

    def _ask_life(self, what: str, job: KnownJob, faults: Faults, *, http: bool = False) -> Any:
        begun = self.asked.facts[job.job_id]

        def work(parts: Any) -> Any:
            if http:
                return request(self.world, "POST", f"/jobs/{job.job_id}/{what}")
            return getattr(parts.life, what)(job.job_id)

        answer = self._request(lambda: f"{what} {job.new.name}", work, faults)
        self.asked.lived(what, job.job_id, begun, answer)
        return answer

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


def _short(answer: Any) -> str:
    if isinstance(answer, dict):
        return f"{answer['status']} over HTTP"
    verdict = getattr(answer, "verdict", None)
    if verdict is None:
        return type(answer).__name__
    view = getattr(answer, "view", None)
    more = "" if view is None else f" {view.job.status}"
    return f"{verdict} {answer.reason or ''}{more}"
