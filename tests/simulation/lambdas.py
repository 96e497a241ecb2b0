"""Lambda and its event sources: they poll, invoke the real handlers, and act on what comes back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forgeledger.bootstrap.intake import intake
from forgeledger.bootstrap.relay import relay
from tests.simulation import handlers
from tests.simulation.clients import DynamoDBClient, EventBridgeClient, SqsClient
from tests.simulation.faults import Fault
from tests.simulation.fifo_queue import QueuedMessage, record_of
from tests.simulation.world import Invocation, World

# As the template says.
INTAKE_TIMEOUT_MS = 30_000
RELAY_TIMEOUT_MS = 300_000
INTAKE_BATCH = 10
RELAY_BATCH = 100

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
        dynamodb = DynamoDBClient(world)
        rejects = SqsClient(world, world.rejects)
        self._intake = intake(
            handlers.ENVIRONMENT, dynamodb=dynamodb, sqs=lambda: rejects, around=world.around
        )
        self._relay = relay(
            handlers.ENVIRONMENT,
            dynamodb=dynamodb,
            eventbridge=EventBridgeClient(world),
            around=world.around,
        )
        self.store = self._relay.relay.advancer.store

    def take_in(self, faults: Faults, skew_ms: int, *, delete_fails: bool = False) -> bool:
        """One poll of the command queue; whether there was anything."""
        world = self._world
        batch = world.commands.receive(INTAKE_BATCH)
        if not batch:
            return False
        receipts = [message.receive_count for message in batch]
        process = Invocation("intake", faults, world.now + INTAKE_TIMEOUT_MS, skew_ms)
        event = {"Records": [record_of(message) for message in batch]}
        if world.story is not None:
            world.note("intake gets " + ", ".join(_named(message) for message in batch))
        ended, answer = self._run("intake", "intake", self._intake, process, event)
        if not ended:
            return True
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        if failed and world.story is not None:
            world.note(f"intake gives back {', '.join(sorted(failed))}")
        kept = [message for message in batch if message.message_id in failed]
        done = [message for message in batch if message.message_id not in failed]
        self._on_acknowledged(batch, kept, process)
        if delete_fails:
            world.note("! the queue does not hear that they are done")
            return True
        for message, receipt in zip(batch, receipts, strict=True):
            if message in done:
                world.commands.delete(message, receipt)
        return True

    def relay_one(self, choice: int, faults: Faults, skew_ms: int, *, twice: bool = False) -> bool:
        """One batch of one shard; with `twice` a second copy may get it meanwhile."""
        world = self._world
        shards = world.stream.readable()
        if not shards:
            return False
        shard = shards[choice % len(shards)]
        position = shard.position
        batch = world.stream.batch(shard, RELAY_BATCH)
        if world.story is not None:
            keys = [record["dynamodb"]["Keys"] for record in batch]
            names = [f"{key['PK']['S'][-6:]}/{key['SK']['S'][:12]}" for key in keys]
            world.note(f"relay gets {', '.join(names)} of shard {shard.number}")
        # Two copies: while this one stands still, another is given the same batch.
        shard.busy = not twice
        try:
            process = Invocation("relay", faults, world.now + RELAY_TIMEOUT_MS, skew_ms)
            ended, answer = self._run("relay", "parts", self._relay, process, {"Records": batch})
        finally:
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
        process = Invocation("reconciler", faults, world.now + RELAY_TIMEOUT_MS, skew_ms)
        world.note(f"the relay is asked to reconcile {request}")
        try:
            ended, answer = self._run(
                "relay", "parts", self._relay, process, {"reconcile": request}
            )
        except Exception as error:
            if not process.disturbed:
                raise
            world.note(f"reconciling fails: {type(error).__name__}")
            return None
        return answer if ended else None

    def _run(
        self, name: str, attribute: str, stands_on: Any, process: Invocation, event: dict[str, Any]
    ) -> tuple[bool, Any]:
        setattr(handlers.function(name), attribute, stands_on)
        handler = handlers.handler(name)
        context = _Context(self._world, process)
        return self._world.invoke(process, lambda: handler(event, context))


def _named(message: QueuedMessage) -> str:
    again = f" (x{message.receive_count})" if message.receive_count > 1 else ""
    return f"{message.message_id}{again}"
