"""Workers: they claim and report through the SDK's buffer, and die, stall and repeat reports."""

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
from tests.simulation.coverage import CoveragePoint
from tests.simulation.jobs import KnownJob, is_bad
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.lane_checks import Violation
from tests.simulation.raw_messages import burst_body, draw_body
from tests.simulation.seeded_backoff import SeededBackoff
from tests.simulation.world import Invocation, SimulatedWorld

_TIMEOUT_MS = 60_000
_REMEMBERED = 40


@dataclass(slots=True)
class HeldClaim:
    job: KnownJob
    item_id: str
    attempt: int | None
    worker_id: str
    # Of the work message, in a job that dispatches.
    dispatch: int | None = None


@dataclass(slots=True)
class SimulatedWorker:
    """A process with a buffer of reports, which is lost when it dies."""

    name: str
    outbox: Outbox
    sender: Sender
    held: list[HeldClaim] = field(default_factory=list)
    # The ids of all commands that it buffered.
    reported_ids: list[str] = field(default_factory=list)


class SimulatedWorkers:
    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._client = SqsClient(world, world.commands)
        self._started = 0
        self.workers = [self._start() for _ in range(3)]
        # Claims that were reported on and may be reported on again, much later.
        self._reported_claims: list[HeldClaim] = []
        self._reported_commands: list[Command] = []

    def act(self, random: Random, jobs: list[KnownJob]) -> None:
        """A random worker acts, mostly correctly."""
        number = random.randrange(len(self.workers))
        worker = self.workers[number]
        chance = random.random()
        coverage = self._world.coverage
        if chance < 0.02:
            coverage[CoveragePoint.WORKER_DIES] += 1
            self._world.log(f"{worker.name} dies with its unsent reports")
            self.workers[number] = self._start()
        elif chance < 0.08 and self._reported_claims:
            coverage[CoveragePoint.REPORTED_LATE] += 1
            self._report(random, worker, random.choice(self._reported_claims))
        elif chance < 0.13 and self._reported_commands:
            coverage[CoveragePoint.REPORTED_TWICE] += 1
            self._buffer(worker, random.choice(self._reported_commands))
        elif worker.held and chance < 0.6:
            claim = random.choice(worker.held)
            if random.random() < 0.15:
                self._heartbeat_or_release(random, worker, claim)
            else:
                worker.held.remove(claim)
                self._report(random, worker, claim)
        else:
            self._claim_item(random, worker, random.choice(jobs))

    def send(self, random: Random, faults: PlannedFaults) -> bool:
        """A random worker sends one request with buffered reports."""
        world = self._world
        worker = random.choice(self.workers)
        messages = worker.outbox.take(world.now / 1000, force=random.random() < 0.7)
        if not messages:
            return False
        process = Invocation(worker.name, faults, world.now + _TIMEOUT_MS)
        ended, results = world.invoke(process, lambda: worker.sender.send(messages))
        if not ended:
            self.workers = [self._start() if other is worker else other for other in self.workers]
            return True
        for message, result in zip(messages, results, strict=True):
            self._record(worker, message, result)
            if world.trace is not None:
                reports = ", ".join(
                    f"{command.type} {command.item_id}" for command in message.commands
                )
                accepted = "" if result.status is SendStatus.ACCEPTED else f": {result.status}"
                world.log(f"{worker.name} sends {reports} to {message.group[-4:]}{accepted}")
        return True

    def _record(self, worker: SimulatedWorker, message: Message, result: SendResult) -> None:
        is_there = self._world.commands.has_accepted(message.group, message.deduplication_id)
        if result.status is SendStatus.ACCEPTED and not is_there:
            raise Violation(
                f"{worker.name} counts a message as delivered that the queue does not have"
            )
        worker.outbox.record(message, result, self._world.now / 1000)

    def send_all(self) -> None:
        """Send all buffered reports, without faults."""
        for worker in self.workers:
            worker.outbox.renew_tries()
            while messages := worker.outbox.take(self._world.now / 1000, force=True):
                process = Invocation(worker.name, {}, self._world.now + _TIMEOUT_MS)
                _, results = self._world.invoke(
                    process, lambda messages=messages, worker=worker: worker.sender.send(messages)
                )
                for message, result in zip(messages, results, strict=True):
                    self._record(worker, message, result)
            if worker.outbox.pending:
                raise Violation(f"{worker.name} cannot send its reports")

    def check_nothing_lost(self, arrived: set[str]) -> None:
        """All reports of living workers are in the queue or in a buffer.

        No report may be given up as failed, since no simulated queue refuses a message for good.
        """
        for worker in self.workers:
            left = set(worker.reported_ids) - arrived
            left -= {command.command_id for command in worker.outbox.undelivered()}
            if left:
                raise Violation(f"{worker.name} lost its reports {sorted(left)}")

    def send_raw_message(self, random: Random, jobs: list[KnownJob]) -> None:
        """A sender without the SDK: any group, many jobs, malformed bodies."""
        body, is_malformed = draw_body(random, lambda: self._fields(random, random.choice(jobs)))
        group = random.choice(("wrong", "x", self._group(random, random.choice(jobs))))
        self._world.coverage[CoveragePoint.MALFORMED_MESSAGE] += is_malformed
        self._world.coverage[CoveragePoint.WRONG_GROUP] += group in ("wrong", "x")
        self._world.ids_made += 1
        message_id, _ = self._world.commands.send(body, group, f"raw-{self._world.ids_made}")
        self._world.log(f"raw message {message_id} to {group[-5:]}: {body[:2_000]}")

    def send_burst(self, random: Random, jobs: list[KnownJob]) -> None:
        """Some messages with many commands of one item."""
        job = random.choice(jobs)
        for item_id in random.sample(job.item_ids, min(1, len(job.item_ids))):
            group = group_of(job.job_id, lane_of(item_id, lanes_of(job.job_id) or 1))
            for _ in range(random.randint(1, 4)):
                self._world.ids_made += 1
                body = burst_body(random, job.job_id, item_id)
                self._world.commands.send(body, group, f"burst-{self._world.ids_made}")
                self._world.log(f"a burst for {item_id}: {body[:200]}")

    def _start(self) -> SimulatedWorker:
        self._started += 1
        client = self._client
        return SimulatedWorker(
            name=f"w{self._started}",
            outbox=Outbox(OutboxLimits(), SeededBackoff(draw=self._world.runtime.draw)),
            sender=Sender("https://simulated/commands.fifo", lambda: client),
        )

    def _claim_item(self, random: Random, worker: SimulatedWorker, job: KnownJob) -> None:
        if not job.item_ids:
            return
        item_id = random.choice(job.item_ids)
        fenced = random.random() < 0.7
        attempt = None
        if fenced:
            attempt = job.attempts[item_id] = job.attempts.get(item_id, 0) + 1
        claim = HeldClaim(job, item_id, attempt, worker.name)
        if job.new.rules.dispatched:
            self._receive(random, claim)
        if random.random() < 0.15:
            # A worker that only reports the end, without a claim.
            claim.attempt = None
            self._report(random, worker, claim)
            return
        lease_seconds = random.choice((None, None, 5, 300))
        self._report_command(worker, "claim", claim, lease_seconds=lease_seconds)
        worker.held.append(claim)

    @staticmethod
    def _receive(random: Random, claim: HeldClaim) -> None:
        """The claim is that of a work message, mostly of the item's next dispatch."""
        expected = claim.job.dispatches.get(claim.item_id, 1)
        claim.dispatch = max(1, expected + random.choice((0, 0, 0, 0, 0, -1, 1)))
        receives = random.choice((1, 1, 1, 2, 3))
        claim.attempt = random.choice((claim.dispatch - 1 + receives,) * 5 + (None,))
        if random.random() < 0.1:
            # A sender that knows nothing of dispatches.
            claim.dispatch = None

    def _heartbeat_or_release(
        self, random: Random, worker: SimulatedWorker, claim: HeldClaim
    ) -> None:
        if random.random() < 0.6:
            self._report_command(worker, "heartbeat", claim)
        else:
            worker.held.remove(claim)
            self._report_command(worker, "release", claim)

    def _report(self, random: Random, worker: SimulatedWorker, claim: HeldClaim) -> None:
        self._reported_claims.append(claim)
        del self._reported_claims[:-_REMEMBERED]
        if is_bad(claim.item_id):
            retryable = claim.job.new.rules.max_attempts < 100 and random.random() < 0.4
            failure = Failure(type=f"Error{len(claim.item_id) % 3}", retryable=retryable)
            self._report_command(worker, "fail", claim, failure=failure, **_wait(random, claim))
        elif random.random() < 0.08:
            failure = Failure(type="Passing")
            self._report_command(worker, "fail", claim, failure=failure, **_wait(random, claim))
        else:
            self._report_command(worker, "complete", claim, result={"of": claim.item_id})

    def _report_command(
        self, worker: SimulatedWorker, kind: Any, claim: HeldClaim, **more: Any
    ) -> None:
        self._world.ids_made += 1
        command = encode(
            kind,
            claim.job.job_id,
            claim.item_id,
            command_id=f"{worker.name}-{self._world.ids_made}",
            at=datetime.fromtimestamp(self._world.now / 1000, UTC),
            attempt=claim.attempt,
            dispatch=claim.dispatch,
            worker_id=claim.worker_id,
            **more,
        )
        if kind in ("fail", "release") and claim.job.new.rules.dispatched:
            # The ledger would dispatch it again.
            claim.job.dispatches[claim.item_id] = (claim.attempt or claim.dispatch or 0) + 1
        self._reported_commands.append(command)
        del self._reported_commands[:-_REMEMBERED]
        self._buffer(worker, command)

    def _buffer(self, worker: SimulatedWorker, command: Command) -> None:
        if self._world.trace is not None:
            self._world.log(f"{worker.name} reports {command.body.decode()}")
        worker.reported_ids.append(command.command_id)
        worker.outbox.add(command, self._world.now / 1000)

    def _fields(self, random: Random, job: KnownJob) -> dict[str, Any]:
        item_id = random.choice(job.item_ids or ["nothing"])
        done = "fail" if is_bad(item_id) else "complete"
        kinds = ("register", "claim", "heartbeat", "expire", "release", done, done, done)
        kind = random.choice(kinds)
        if item_id == "nothing" and (kind == "register" or job.new.rules.registers_on_the_way):
            # No producer knows this item, so it must not be registered.
            kind = "release"
        fields: dict[str, Any] = {"type": kind, "job_id": job.job_id, "itemId": item_id}
        chance = random.random()
        if chance < 0.3:
            fields["attempt"] = random.randint(1, job.attempts.get(item_id, 0) + 1)
        elif chance < 0.35:
            # A number that was never an attempt.
            fields["attempt"] = 4_711
        fields |= _details(random, kind, item_id)
        if random.random() < 0.3:
            fields["dispatch"] = max(1, job.dispatches.get(item_id, 1) - random.choice((0, 0, 1)))
        if random.random() < 0.5:
            spelling = random.choice(("workerId", "worker_id"))
            fields[spelling] = random.choice(self.workers).name
        return fields

    @staticmethod
    def _group(random: Random, job: KnownJob) -> str:
        item_id = random.choice(job.item_ids or ["nothing"])
        return group_of(job.job_id, lane_of(item_id, lanes_of(job.job_id) or 1))


def _details(random: Random, kind: str, item_id: str) -> dict[str, Any]:
    """What only commands of this kind have."""
    if kind == "register":
        more = random.choice(({}, {"kind": "by hand", "group": "a"}, {"not_before": None}))
        return {"payload": {"of": [item_id]}, **more}
    if kind == "complete":
        return {"result": [item_id, "\u00e9"]}
    if kind == "fail":
        error = {"type": "Bad", "message": "as said", "retryable": False}
        # Of a final failure the wait has no effect.
        wait = random.choice(({}, {}, {}, {"retryAfterSeconds": 5}, {"retry_after_seconds": 0}))
        return {"error": error, **wait}
    return random.choice(({}, {}, {}, {"leaseSeconds": 60}, {"lease_seconds": 60}))


def _wait(random: Random, claim: HeldClaim) -> dict[str, int]:
    """Now and then the worker says itself how long the item waits."""
    named = claim.job.new.rules.max_attempts < 100 and random.random() < 0.2
    return {"retry_after_seconds": random.choice((0, 3))} if named else {}
