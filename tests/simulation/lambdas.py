"""Lambda and its event sources: they poll, invoke the real handlers, and act on what comes back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from forgeledger.bootstrap.intake import build_intake
from forgeledger.bootstrap.relay import build_relay
from tests.simulation import handlers
from tests.simulation.clients import DynamoDBClient, EventBridgeClient, SqsClient
from tests.simulation.coverage import Happening
from tests.simulation.environments import Environments
from tests.simulation.faults import Fault
from tests.simulation.fifo_queue import QueuedMessage, record_of
from tests.simulation.world import Invocation, World

# As the template says; a test holds them against it.
INTAKE_TIMEOUT_MS = 30_000
RELAY_TIMEOUT_MS = 300_000
INTAKE_BATCH = 10
RELAY_BATCH = 100

# Under which name each function's module holds what it was put together of.
_HELD_AS = {"intake": "intake", "relay": "services"}

Faults = dict[int, Fault]
Acknowledged = Callable[[list[QueuedMessage], list[QueuedMessage], Invocation], None]


@dataclass(slots=True)
class _Context:
    world: World
    process: Invocation

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.process.deadline - self.world.now)


class Lambdas:
    def __init__(self, world: World, on_acknowledged: Acknowledged) -> None:
        self._world = world
        self._on_acknowledged = on_acknowledged
        self._dynamodb = DynamoDBClient(world)
        self._intakes = Environments(world, self._start_intake)
        self._relays = Environments(world, self._start_relay)
        # Numbers of the messages that an intake has before it.
        self._in_hand: list[int] = []
        self.store = self._start_relay().relay.advancer.jobs

    def _start_intake(self) -> Any:
        rejects = SqsClient(self._world, self._world.rejects)
        return build_intake(
            handlers.ENVIRONMENT,
            dynamodb=self._dynamodb,
            sqs=lambda: rejects,
            runtime=self._world.runtime,
        )

    def _start_relay(self) -> Any:
        return build_relay(
            handlers.ENVIRONMENT,
            dynamodb=self._dynamodb,
            eventbridge=EventBridgeClient(self._world),
            runtime=self._world.runtime,
        )

    def consume(
        self, faults: Faults, skew_ms: int, *, delete_fails: bool = False, twice: bool = False
    ) -> bool:
        """One poll of the command queue; whether there was anything.

        With `twice` the queue gives the messages to somebody else as well, while they are in work.
        """
        world = self._world
        batch = world.commands.receive(INTAKE_BATCH)
        if not batch:
            return False
        receipts = [message.receive_count for message in batch]
        if world.story is not None:
            world.note("intake gets " + ", ".join(_named(message) for message in batch))
        if self._intakes.full():
            # They come back when their visibility timeout is over.
            return True
        numbers = [message.number for message in batch]
        world.met[Happening.TWO_INTAKES] += any(number in self._in_hand for number in numbers)
        if twice:
            world.commands.show_again(batch)
        process = Invocation("intake", faults, skew_ms=skew_ms)
        event = {"Records": [record_of(message) for message in batch]}
        self._in_hand += numbers
        ended, answer = self._run("intake", self._intakes, INTAKE_TIMEOUT_MS, process, event)
        del self._in_hand[-len(numbers) :]
        if not ended:
            return True
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        if failed and world.story is not None:
            world.note(f"intake gives back {', '.join(sorted(failed))}")
        kept = [message for message in batch if message.message_id in failed]
        self._on_acknowledged(batch, kept, process)
        if delete_fails:
            world.met[Happening.NOT_DELETED] += 1
            world.note("! the queue does not hear that they are done")
        else:
            self._delete(zip(batch, receipts, strict=True), failed)
        return True

    def _delete(self, batch: Iterable[tuple[QueuedMessage, int]], failed: set[str]) -> None:
        for message, receipt in batch:
            if message.message_id not in failed:
                self._world.commands.delete(message, receipt)

    def relay_one(self, choice: int, faults: Faults, skew_ms: int, *, twice: bool = False) -> bool:
        """One batch of one shard; with `twice` a second copy may get it meanwhile."""
        world = self._world
        shards = world.stream.readable()
        if not shards:
            return False
        if self._relays.full():
            # The event source tries again later; that does not count as a try.
            return True
        shard = shards[choice % len(shards)]
        position = shard.position
        batch = world.stream.batch(shard, RELAY_BATCH)
        if world.story is not None:
            keys = [record["dynamodb"]["Keys"] for record in batch]
            names = [f"{key['PK']['S'][-6:]}/{key['SK']['S'][:12]}" for key in keys]
            world.note(f"relay gets {', '.join(names)} of shard {shard.number}")
        # Two copies: while this one stands still, another is given the same batch.
        shard.busy = not twice
        shard.relays += 1
        world.met[Happening.TWO_RELAYS] += shard.relays > 1
        try:
            process = Invocation("relay", faults, skew_ms=skew_ms)
            event = {"Records": batch}
            ended, answer = self._run("relay", self._relays, RELAY_TIMEOUT_MS, process, event)
        finally:
            shard.relays -= 1
            shard.busy = False
        failures = answer["batchItemFailures"] if ended else [{"itemIdentifier": None}]
        if failures:
            world.stream.fail(shard, position, batch, failures[0]["itemIdentifier"])
            if ended:
                world.note(f"relay gives back from {failures[0]['itemIdentifier']}")
            assert not ended or process.disturbed, "the relay failed by itself"
        else:
            world.stream.succeed(shard, position, batch)
        return True

    def reconcile(self, request: dict[str, Any], faults: Faults, skew_ms: int = 0) -> Any:
        """The relay asked directly; None where it did not answer."""
        world = self._world
        process = Invocation("reconciler", faults, skew_ms=skew_ms)
        world.note(f"the relay is asked to reconcile {request}")
        if self._relays.full():
            return None
        try:
            event = {"reconcile": request}
            ended, answer = self._run("relay", self._relays, RELAY_TIMEOUT_MS, process, event)
        except Exception as error:
            if not process.disturbed:
                raise
            world.note(f"reconciling fails: {type(error).__name__}")
            return None
        return answer if ended else None

    def _run(
        self,
        name: str,
        environments: Environments,
        timeout_ms: int,
        process: Invocation,
        event: dict[str, Any],
    ) -> Any:
        module, attribute = handlers.function(name), _HELD_AS[name]
        handler = handlers.handler(name)
        context = _Context(self._world, process)

        def work(holding: Any) -> Any:
            others = getattr(module, attribute)
            setattr(module, attribute, holding)
            try:
                return handler(event, context)
            finally:
                setattr(module, attribute, others)

        return environments.run(process, timeout_ms, work)


def _named(message: QueuedMessage) -> str:
    again = f" (x{message.receive_count})" if message.receive_count > 1 else ""
    return f"{message.message_id}{again}"
