"""Workers: they claim and report through the SDK's buffer, and die, stall and repeat themselves."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from forgeledger.jobs.model.ids import group_of, lane_of, lanes_of
from forgeledger.sdk.command import Command
from forgeledger.sdk.command_encoder import encode
from forgeledger.sdk.failure import Failure
from forgeledger.sdk.report.outbox import Outbox, OutboxLimits, SendResult, SendStatus
from forgeledger.sdk.report.packer import Message
from forgeledger.sdk.report.sqs_sender import Sender
from tests.simulation.clients import SqsClient
from tests.simulation.coverage import Happening
from tests.simulation.jobs import KnownJob, is_bad
from tests.simulation.lambdas import Faults
from tests.simulation.lane_checks import Violation
from tests.simulation.seeded_backoff import SeededBackoff
from tests.simulation.world import Invocation, World

_TIMEOUT_MS = 60_000
_REMEMBERED = 40
_NO_JOBS = ("nobody", "01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-2")
# What makes a command one that can never be applied.
_BAD: tuple[Any, ...] = (
    7,
    {"type": "nonsense"},
    {"itemId": ""},
    {"itemId": None},
    {"attempt": 0},
    {"attempt": "1"},
    {"leaseSeconds": 1.5},
    {"error": {"message": "of no type"}},
    *({"job_id": name} for name in _NO_JOBS),
)


@dataclass(slots=True)
class Claim:
    job: KnownJob
    item_id: str
    attempt: int | None
    worker_id: str


@dataclass(slots=True)
class Worker:
    """A process with a buffer of reports; what was not sent dies with it."""

    name: str
    outbox: Outbox
    sender: Sender
    held: list[Claim] = field(default_factory=list)
    # Ids of all commands that it put into its buffer.
    said: list[str] = field(default_factory=list)


class Workers:
    def __init__(self, world: World) -> None:
        self._world = world
        self._client = SqsClient(world, world.commands)
        self._made = 0
        self.crew = [self._start() for _ in range(3)]
        # Claims that were reported on: somebody may report on them again, much later.
        self._past: list[Claim] = []
        self._said: list[Command] = []

    def work(self, random: Random, jobs: list[KnownJob]) -> None:
        """One worker does one thing, mostly the right one."""
        number = random.randrange(len(self.crew))
        worker = self.crew[number]
        chance = random.random()
        met = self._world.met
        if chance < 0.02:
            met[Happening.WORKER_DIES] += 1
            self._world.note(f"{worker.name} dies with what it has not sent")
            self.crew[number] = self._start()
        elif chance < 0.08 and self._past:
            met[Happening.SAID_LATE] += 1
            self._report(random, worker, random.choice(self._past))
        elif chance < 0.13 and self._said:
            met[Happening.SAID_TWICE] += 1
            self._say(worker, random.choice(self._said))
        elif worker.held and chance < 0.6:
            claim = random.choice(worker.held)
            if random.random() < 0.15:
                self._meanwhile(random, worker, claim)
            else:
                worker.held.remove(claim)
                self._report(random, worker, claim)
        else:
            self._begin(random, worker, random.choice(jobs))

    def send(self, random: Random, faults: Faults) -> bool:
        """One request of one worker with reports in its buffer."""
        world = self._world
        worker = random.choice(self.crew)
        messages = worker.outbox.take(world.now / 1000, force=random.random() < 0.7)
        if not messages:
            return False
        process = Invocation(worker.name, faults, world.now + _TIMEOUT_MS)
        ended, verdicts = world.invoke(process, lambda: worker.sender.send(messages))
        if not ended:
            self.crew = [self._start() if each is worker else each for each in self.crew]
            return True
        for message, verdict in zip(messages, verdicts, strict=True):
            self._settle(worker, message, verdict)
            if world.story is not None:
                said = ", ".join(
                    f"{command.type} {command.item_id}" for command in message.commands
                )
                accepted = "" if verdict.status is SendStatus.ACCEPTED else f": {verdict.status}"
                world.note(f"{worker.name} sends {said} to {message.group[-4:]}{accepted}")
        return True

    def _settle(self, worker: Worker, message: Message, verdict: SendResult) -> None:
        accepted = self._world.commands.deduplications
        if verdict.status is SendStatus.ACCEPTED and message.deduplication_id not in accepted:
            raise Violation(f"{worker.name} takes for delivered what the queue does not have")
        worker.outbox.settle(message, verdict, self._world.now / 1000)

    def send_all(self) -> None:
        """With no faults left, whatever waits gets through."""
        for worker in self.crew:
            worker.outbox.renew_tries()
            while messages := worker.outbox.take(self._world.now / 1000, force=True):
                process = Invocation(worker.name, {}, self._world.now + _TIMEOUT_MS)
                _, verdicts = self._world.invoke(
                    process, lambda messages=messages, worker=worker: worker.sender.send(messages)
                )
                for message, verdict in zip(messages, verdicts, strict=True):
                    self._settle(worker, message, verdict)
            if worker.outbox.pending:
                raise Violation(f"{worker.name} does not get through")

    def lose_nothing(self, arrived: set[str]) -> None:
        """What a living worker reported is in the queue or in its buffer.

        Nothing is handed back as failed, for no queue ever says that a message is wrong.
        """
        for worker in self.crew:
            left = set(worker.said) - arrived
            left -= {command.command_id for command in worker.outbox.undelivered()}
            if left:
                raise Violation(f"{worker.name} lost its reports {sorted(left)}")

    def raw(self, random: Random, jobs: list[KnownJob]) -> None:
        """A sender that keeps to nothing: a group of its own choice, many jobs, broken bodies."""
        chance = random.random()
        if chance < 0.15:
            bodies = ("{", "[]", '{"type": "complete"}', '{"commands": []}', "\x20", '"x"')
            body: str = random.choice(bodies)
        elif chance < 0.25:
            command = self._fields(random, random.choice(jobs))
            command["job_id"] = random.choice(_NO_JOBS)
            body = json.dumps(command)
        else:
            commands: list[Any] = [
                self._fields(random, random.choice(jobs)) for _ in range(random.randint(1, 4))
            ]
            for _ in range(random.choice((0, 0, 0, 1, 2, 3))):
                bad = random.choice(_BAD)
                if isinstance(bad, dict):
                    bad = self._fields(random, random.choice(jobs)) | bad
                commands.insert(random.randint(0, len(commands)), bad)
            body = json.dumps({"commands": commands})
        group = random.choice(("wrong", "x", self._group(random, random.choice(jobs))))
        self._world.met[Happening.NONSENSE] += chance < 0.15
        self._world.met[Happening.WRONG_GROUP] += group in ("wrong", "x")
        self._world.ids_made += 1
        message_id, _ = self._world.commands.send(body, group, f"raw-{self._world.ids_made}")
        self._world.note(f"somebody sends {message_id} to {group[-5:]}: {body}")

    def _start(self) -> Worker:
        self._made += 1
        client = self._client
        return Worker(
            name=f"w{self._made}",
            outbox=Outbox(OutboxLimits(), SeededBackoff(draw=self._world.runtime.draw)),
            sender=Sender("https://simulated/commands.fifo", lambda: client),
        )

    def _begin(self, random: Random, worker: Worker, job: KnownJob) -> None:
        if not job.wanted:
            return
        item_id = random.choice(job.wanted)
        fenced = random.random() < 0.7
        attempt = None
        if fenced:
            attempt = job.attempts[item_id] = job.attempts.get(item_id, 0) + 1
        claim = Claim(job, item_id, attempt, worker.name)
        if random.random() < 0.15:
            # A worker that only ever says that it is done.
            claim.attempt = None
            self._report(random, worker, claim)
            return
        lease_seconds = random.choice((None, None, 5, 300))
        self._tell(worker, "claim", claim, lease_seconds=lease_seconds)
        worker.held.append(claim)

    def _meanwhile(self, random: Random, worker: Worker, claim: Claim) -> None:
        if random.random() < 0.6:
            self._tell(worker, "heartbeat", claim)
        else:
            worker.held.remove(claim)
            self._tell(worker, "release", claim)

    def _report(self, random: Random, worker: Worker, claim: Claim) -> None:
        self._past.append(claim)
        del self._past[:-_REMEMBERED]
        if is_bad(claim.item_id):
            retryable = claim.job.new.rules.max_attempts < 100 and random.random() < 0.4
            failure = Failure(type=f"Error{len(claim.item_id) % 3}", retryable=retryable)
            self._tell(worker, "fail", claim, failure=failure)
        elif random.random() < 0.08:
            self._tell(worker, "fail", claim, failure=Failure(type="Passing"))
        else:
            self._tell(worker, "complete", claim, result={"of": claim.item_id})

    def _tell(self, worker: Worker, kind: Any, claim: Claim, **more: Any) -> None:
        self._world.ids_made += 1
        command = encode(
            kind,
            claim.job.job_id,
            claim.item_id,
            command_id=f"{worker.name}-{self._world.ids_made}",
            at=datetime.fromtimestamp(self._world.now / 1000, UTC),
            attempt=claim.attempt,
            worker_id=claim.worker_id,
            **more,
        )
        self._said.append(command)
        del self._said[:-_REMEMBERED]
        self._say(worker, command)

    def _say(self, worker: Worker, command: Command) -> None:
        if self._world.story is not None:
            self._world.note(f"{worker.name} reports {command.body.decode()}")
        worker.said.append(command.command_id)
        worker.outbox.add(command, self._world.now / 1000)

    def _fields(self, random: Random, job: KnownJob) -> dict[str, Any]:
        item_id = random.choice(job.wanted or ["nothing"])
        done = "fail" if is_bad(item_id) else "complete"
        kinds = ("register", "claim", "heartbeat", "expire", "release", done, done, done)
        kind = random.choice(kinds)
        if item_id == "nothing" and (kind == "register" or job.new.rules.registers_on_the_way):
            # Nobody wants it, so it must not come to be.
            kind = "release"
        fields: dict[str, Any] = {"type": kind, "job_id": job.job_id, "itemId": item_id}
        chance = random.random()
        if chance < 0.3:
            fields["attempt"] = random.randint(1, job.attempts.get(item_id, 0) + 1)
        elif chance < 0.35:
            # No attempt at all, but some other number.
            fields["attempt"] = 4_711
        if kind == "register":
            fields["payload"] = {"of": [item_id]}
        elif kind == "complete":
            fields["result"] = [item_id, "\u00e9"]
        elif kind == "fail":
            fields["error"] = {"type": "Bad", "message": "as said", "retryable": False}
        elif random.random() < 0.3:
            fields[random.choice(("leaseSeconds", "lease_seconds"))] = 60
        if random.random() < 0.5:
            spelling = random.choice(("workerId", "worker_id"))
            fields[spelling] = random.choice(self.crew).name
        return fields

    @staticmethod
    def _group(random: Random, job: KnownJob) -> str:
        item_id = random.choice(job.wanted or ["nothing"])
        return group_of(job.job_id, lane_of(item_id, lanes_of(job.job_id) or 1))
