"""Lambda and its event source mappings: poll, invoke the real handlers, act on the result."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from forgeledger.bootstrap.intake import build_intake
from forgeledger.bootstrap.relay import build_relay
from tests.simulation import handlers
from tests.simulation.clients import (
    DynamoDBClient,
    EventBridgeClient,
    SqsClient,
    WakeQueueClient,
)
from tests.simulation.coverage import CoveragePoint
from tests.simulation.environments import Environments, FunctionContext
from tests.simulation.event_bus import EventBus
from tests.simulation.faults import CallFault
from tests.simulation.fifo_queue import QueuedMessage, sqs_record
from tests.simulation.lane_checks import Violation
from tests.simulation.standard_queue import wake_record
from tests.simulation.world import Invocation, SimulatedWorld

# As in the template; test_template_values.py compares them.
INTAKE_TIMEOUT_MS = 30_000
RELAY_TIMEOUT_MS = 300_000
INTAKE_BATCH = 10
RELAY_BATCH = 100
WAKE_BATCH = 10

# How much faster the time of rounds passes that are cut short.
_ROUND_TIME_FACTORS = (6_000, 9_000, 16_000, 37_000)

PlannedFaults = dict[int, CallFault]
# Of a batch: what comes back, the process, and its metrics.
OnAcknowledged = Callable[
    [list[QueuedMessage], list[QueuedMessage], Invocation, Mapping[str, float]], None
]


class Lambdas:
    def __init__(self, world: SimulatedWorld, on_acknowledged: OnAcknowledged) -> None:
        self.world = world
        self._on_acknowledged = on_acknowledged
        self._dynamodb = DynamoDBClient(world)
        self._intakes = Environments(world, self._start_intake)
        self._relays = Environments(world, self._start_relay)
        # Numbers of the messages that running intakes were given.
        self._in_flight: list[int] = []
        # The metrics of the latest invocation that ended.
        self.metrics: Mapping[str, float] = {}
        self.store = self._start_relay().relay.advancer.jobs

    def _start_intake(self) -> Any:
        rejects = SqsClient(self.world, self.world.rejects)
        return build_intake(
            handlers.ENVIRONMENT,
            dynamodb=self._dynamodb,
            sqs=lambda: rejects,
            eventbridge=lambda: EventBridgeClient(self.world),
            runtime=self.world.runtime,
        )

    def _start_relay(self) -> Any:
        rules = self.world.rules
        return build_relay(
            handlers.environment(execution=rules.execution, idle_days=rules.maximum_idle_days),
            dynamodb=self._dynamodb,
            sqs=lambda: WakeQueueClient(self.world),
            eventbridge=EventBridgeClient(self.world),
            runtime=self.world.runtime,
        )

    def consume(
        self,
        faults: PlannedFaults,
        skew_ms: int,
        *,
        delete_fails: bool = False,
        twice: bool = False,
    ) -> bool:
        """One poll of the command queue; whether there was a message.

        With `twice` the visibility timeout ends at once: another intake may get the same messages.
        """
        world = self.world
        batch = world.commands.receive(INTAKE_BATCH)
        if not batch:
            return False
        receipts = [message.receive_count for message in batch]
        if world.trace is not None:
            world.log("intake receives " + ", ".join(_label(message) for message in batch))
        if self._intakes.full():
            # Redelivered after their visibility timeout.
            return True
        numbers = [message.number for message in batch]
        world.coverage[CoveragePoint.TWO_INTAKES] += any(
            number in self._in_flight for number in numbers
        )
        if twice:
            world.commands.make_visible(batch)
        process = Invocation("intake", faults, skew_ms=skew_ms)
        event = {"Records": [sqs_record(message) for message in batch]}
        self._in_flight += numbers
        before = self._delivered()
        ended, answer = self._run("intake", self._intakes, INTAKE_TIMEOUT_MS, process, event)
        del self._in_flight[-len(numbers) :]
        if not ended:
            return True
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        if failed and world.trace is not None:
            world.log(f"intake returns {', '.join(sorted(failed))}")
        if self.metrics["BatchSize"] != len(batch):
            raise Violation(f"the intake counts {self.metrics} of {len(batch)} messages")
        self._check_events(process, before)
        returned = [message for message in batch if message.message_id in failed]
        self._on_acknowledged(batch, returned, process, self.metrics)
        if delete_fails:
            world.coverage[CoveragePoint.NOT_DELETED] += 1
            world.log("! their deletion fails")
        else:
            self._delete(zip(batch, receipts, strict=True), failed)
        return True

    def _delete(self, batch: Iterable[tuple[QueuedMessage, int]], failed: set[str]) -> None:
        for message, receipt in batch:
            if message.message_id not in failed:
                self.world.commands.delete(message, receipt)

    def relay_batch(
        self, choice: int, faults: PlannedFaults, skew_ms: int, *, twice: bool = False
    ) -> bool:
        """Relay one batch of one shard; with `twice` a second relay may get the same batch."""
        world = self.world
        shards = world.stream.readable()
        if not shards:
            return False
        if self._relays.full():
            # The event source tries again later; this does not count as a try.
            return True
        shard = shards[choice % len(shards)]
        position = shard.position
        batch = world.stream.batch(shard, RELAY_BATCH)
        if world.trace is not None:
            keys = [record["dynamodb"]["Keys"] for record in batch]
            names = [f"{key['PK']['S'][-6:]}/{key['SK']['S'][:12]}" for key in keys]
            world.log(f"relay receives {', '.join(names)} of shard {shard.number}/{shard.part}")
        before = self._delivered()
        # While this relay is stalled, another one may be given the same batch.
        shard.busy = not twice
        others = sum(other.concurrent_relays for other in world.stream.parts_of(shard))
        world.coverage[CoveragePoint.TWO_BATCHES] += others > shard.concurrent_relays
        shard.concurrent_relays += 1
        world.coverage[CoveragePoint.TWO_RELAYS] += shard.concurrent_relays > 1
        try:
            process = Invocation("relay", faults, skew_ms=skew_ms)
            event = {"Records": batch}
            ended, answer = self._run("relay", self._relays, RELAY_TIMEOUT_MS, process, event)
        finally:
            shard.concurrent_relays -= 1
            shard.busy = False
        self._check_events(process, before)
        failures = answer["batchItemFailures"] if ended else [{"itemIdentifier": None}]
        if failures:
            world.stream.fail(shard, position, batch, failures[0]["itemIdentifier"])
            if ended:
                world.log(f"relay returns its records from {failures[0]['itemIdentifier']}")
            assert not ended or process.disturbed, "the relay failed without a fault"
        else:
            world.stream.succeed(shard, position, batch)
        return True

    def _delivered(self) -> int:
        # The bus of a real engine does not tell.
        bus = self.world.bus
        return len(bus.delivered) if isinstance(bus, EventBus) else 0

    def _check_events(self, process: Invocation, delivered_before: int) -> None:
        """The metric of an undisturbed process is what the bus got since."""
        delivered = self._delivered() - delivered_before
        counted = self.metrics.get("EventsPublished", 0)
        if not process.disturbed and counted != delivered and isinstance(self.world.bus, EventBus):
            raise Violation(f"the {process.name} counts {counted} events of {delivered}")

    def reconcile(self, request: dict[str, Any], faults: PlannedFaults, skew_ms: int = 0) -> Any:
        """Invoke the relay directly; None if it did not answer."""
        world = self.world
        factor = 1
        if "scheduled" in request and world.rules.cuts_rounds_short:
            factor = world.random.choice(_ROUND_TIME_FACTORS)
        process = Invocation("reconciler", faults, skew_ms=skew_ms, time_factor=factor)
        world.log(f"the relay is invoked to reconcile {request}")
        if self._relays.full():
            return None
        try:
            event = {"reconcile": request}
            ended, answer = self._run("relay", self._relays, RELAY_TIMEOUT_MS, process, event)
        except Exception as error:
            if not process.disturbed:
                raise
            world.log(f"the reconciliation fails: {type(error).__name__}")
            return None
        return answer if ended else None

    def follow_wakes(self, faults: PlannedFaults, skew_ms: int = 0) -> bool:
        """One poll of the wake queue; whether there was a message."""
        world = self.world
        batch = world.wakes.receive(WAKE_BATCH)
        if not batch:
            return False
        world.log("relay receives wakes " + ", ".join(message.body for message in batch))
        if self._relays.full():
            return True
        receipts = [message.receive_count for message in batch]
        process = Invocation("relay", faults, skew_ms=skew_ms)
        event = {"Records": [wake_record(message) for message in batch]}
        ended, answer = self._run("relay", self._relays, RELAY_TIMEOUT_MS, process, event)
        if ended:
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            assert not failed or process.disturbed, "the relay failed without a fault"
            for message, receipt in zip(batch, receipts, strict=True):
                if message.message_id not in failed:
                    world.coverage[CoveragePoint.WOKEN] += 1
                    world.wakes.delete(message, receipt)
        return True

    def tick(self, faults: PlannedFaults, skew_ms: int = 0) -> None:
        """Invoke the relay as the rule of the tick does."""
        process = Invocation("tick", faults, skew_ms=skew_ms)
        self.world.log("the relay is invoked by the tick")
        if self._relays.full():
            return
        try:
            self._run("relay", self._relays, RELAY_TIMEOUT_MS, process, {"tick": True})
        except Exception as error:
            if not process.disturbed:
                raise
            self.world.log(f"the tick fails: {type(error).__name__}")

    def _run(
        self,
        name: str,
        environments: Environments,
        timeout_ms: int,
        process: Invocation,
        event: dict[str, Any],
    ) -> Any:
        context = FunctionContext(self.world, process)

        def work(services: Any) -> Any:
            answer, self.metrics = handlers.invoke(
                name, services, event, context, decorated=self.world.draw_decorated()
            )
            return answer

        return environments.run(process, timeout_ms, work)


def _label(message: QueuedMessage) -> str:
    again = f" (x{message.receive_count})" if message.receive_count > 1 else ""
    return f"{message.message_id}{again}"
