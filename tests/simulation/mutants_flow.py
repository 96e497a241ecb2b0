"""Mutants of the flow from the queue through the lanes to the stream."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.messages import command_message as messages
from forgeledger.jobs.messages.reject_queue import SqsRejectQueue
from forgeledger.jobs.model.intake_result import IntakeResult
from forgeledger.jobs.model.lane_decision import Decision
from forgeledger.jobs.model.message import Message
from forgeledger.jobs.model.outcomes import Outcome
from forgeledger.jobs.model.wakes import Wake
from forgeledger.jobs.usecases import apply_commands, consume_messages
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.consume_messages import Intake
from forgeledger.jobs.usecases.follow_stream import Relay, Relayed
from forgeledger.jobs.usecases.settle_messages import MessageSettler
from forgeledger.runtime import HasTime
from forgeledger.sdk.report import sqs_sender
from forgeledger.sdk.report.outbox import SendResult, SendStatus
from tests.simulation.handlers import function
from tests.simulation.mutant import Mutant, Mutants

FLOW = Mutants()


@FLOW.named("the intake acknowledges before it has committed")
def intake_acknowledges_early() -> Iterator[None]:
    original = Intake.consume

    def consume(self: Intake, messages: Sequence[Message], has_time: Any) -> IntakeResult:
        return replace(original(self, messages, has_time), failed=())

    with patch.object(Intake, "consume", consume):
        yield


@FLOW.named("a message overtakes a failed one of its group")
def no_group_isolation() -> Iterator[None]:
    original = MessageSettler.settle

    def settle(self: MessageSettler, messages: Sequence[Message], *rest: Any) -> IntakeResult:
        alone = [replace(message, group_id=message.message_id) for message in messages]
        return original(self, alone, *rest)

    with patch.object(MessageSettler, "settle", settle):
        yield


@FLOW.named("a failed group takes all others with it")
def no_group_mercy() -> Iterator[None]:
    original = MessageSettler.settle

    def settle(self: MessageSettler, messages: Sequence[Message], *rest: Any) -> IntakeResult:
        taken = original(self, messages, *rest)
        some = taken.failed or taken.rejected
        return replace(taken, failed=tuple(m.message_id for m in messages)) if some else taken

    with patch.object(MessageSettler, "settle", settle):
        yield


@FLOW.named("what the reject queue did not take is acknowledged")
def rejects_dropped() -> Iterator[None]:
    original = SqsRejectQueue.put

    def put(self: SqsRejectQueue, message: Message, problems: Any, has_time: HasTime) -> bool:
        with suppress(Exception):
            original(self, message, problems, has_time)
        return True

    with patch.object(SqsRejectQueue, "put", put):
        yield


@FLOW.named("one bad command condemns its whole message")
def whole_message_rejected() -> Iterator[None]:
    original = messages.decode

    def decode(body: str, message_id: str) -> Any:
        decoded = original(body, message_id)
        return replace(decoded, commands=()) if decoded.problems else decoded

    from forgeledger.jobs.messages import sqs_records

    with patch.object(sqs_records, "decode", decode):
        yield


@FLOW.named("a batch is applied in the wrong order")
def batches_reversed() -> Iterator[None]:
    original = consume_messages.shares_of

    def shares_of(messages: Sequence[Message]) -> Any:
        lane_shares = original(messages)
        for share in lane_shares:
            share.routed.reverse()
        return lane_shares

    with patch.object(consume_messages, "shares_of", shares_of):
        yield


@FLOW.named("only the first commands of a batch are applied")
def long_batches_cut() -> Iterator[None]:
    original = LaneWriter.steps

    def steps(self: LaneWriter, job_id: str, lane: int, commands: Any, *rest: Any) -> Any:
        return original(self, job_id, lane, commands[:3], *rest)

    with patch.object(LaneWriter, "steps", steps):
        yield


@FLOW.named("the parts of a long batch are applied in the wrong order")
def parts_reversed() -> Iterator[None]:
    original = apply_commands._batches
    with patch.object(
        apply_commands, "_batches", lambda commands: reversed(list(original(commands)))
    ):
        yield


@FLOW.named("with its first commit all of a batch counts as applied")
def acknowledged_with_the_first_commit() -> Iterator[None]:
    original = Decision.final_outcomes

    def final_outcomes(self: Decision, made: int) -> tuple[Outcome, ...]:
        return self.outcomes if made else original(self, made)

    with patch.object(Decision, "final_outcomes", final_outcomes):
        yield


@FLOW.named("an item is looked for in the wrong lane")
def wrong_lane() -> Iterator[None]:
    with patch.object(messages, "lane_of", lambda item_id, lanes: len(item_id) % lanes):
        yield


@FLOW.named("the relay acknowledges what it could not do")
def relay_acknowledges_early() -> Iterator[None]:
    original = Relay.relay

    def relay(self: Relay, wakes: Sequence[Wake], has_time: Callable[[], bool]) -> Relayed:
        return replace(original(self, wakes, has_time), failed=())

    with patch.object(Relay, "relay", relay):
        yield


@FLOW.named("the relay returns at the first job of a batch")
def relay_returns_early() -> Iterator[None]:
    original = Relay.relay

    def relay(self: Relay, wakes: Sequence[Wake], has_time: Callable[[], bool]) -> Relayed:
        return original(self, wakes[:1], has_time)

    with patch.object(Relay, "relay", relay):
        yield


@FLOW.named("a worker takes a refused message for delivered")
def refused_messages_forgotten() -> Iterator[None]:
    accepted = SendResult(status=SendStatus.ACCEPTED)
    with patch.object(sqs_sender, "_result_of_failed", lambda _: accepted):
        yield


def _failing_seconds(
    measure: Callable[[Sequence[int], Sequence[int]], float | None],
) -> AbstractContextManager[Any]:
    """Measure how long messages have failed by when each was sent, and delivered first."""

    def failing_seconds(event: Any, failed: Sequence[str], now: int) -> float | None:
        records = [record for record in event["Records"] if record["messageId"] in failed]
        if not records:
            return None
        sent, first = (
            [(now - int(record["attributes"][name])) / 1_000 for record in records]
            for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp")
        )
        return measure(sent, first)

    return patch.object(function("intake"), "failing_seconds", failing_seconds)


FLOW += [
    Mutant(
        "nobody counts how long messages have failed", lambda: _failing_seconds(lambda *_: None)
    ),
    Mutant(
        "messages fail as long as the latest of them",
        lambda: _failing_seconds(lambda _, first: max(0, min(first))),
    ),
    Mutant(
        "messages fail from when they were sent",
        lambda: _failing_seconds(lambda sent, _: max(0, *sent)),
    ),
]
