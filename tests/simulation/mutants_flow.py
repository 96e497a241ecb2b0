"""Mutants of the flow between the queue, the lanes, the stream and the event bus."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.messages import command_message as messages
from forgeledger.jobs.messages import job_events
from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.messages.reject_queue import SqsRejectQueue
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.intake_result import IntakeResult
from forgeledger.jobs.model.lane_decision import Decision
from forgeledger.jobs.model.message import Message
from forgeledger.jobs.model.outcomes import Outcome
from forgeledger.jobs.model.wakes import Wake, WakeKind
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases import apply_commands, consume_messages
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.consume_messages import Intake
from forgeledger.jobs.usecases.follow_stream import Relay, Relayed
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.sdk.report import sqs_sender
from forgeledger.sdk.report.outbox import SendResult, SendStatus
from tests.simulation.mutant import Mutants

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
    original = Intake._reject_or_redeliver

    def closed(self: Intake, messages: Sequence[Message], *rest: Any) -> IntakeResult:
        alone = [replace(message, group_id=message.message_id) for message in messages]
        return original(self, alone, *rest)

    with patch.object(Intake, "_reject_or_redeliver", closed):
        yield


@FLOW.named("a failed group takes all others with it")
def no_group_mercy() -> Iterator[None]:
    original = Intake._reject_or_redeliver

    def closed(self: Intake, messages: Sequence[Message], *rest: Any) -> IntakeResult:
        taken = original(self, messages, *rest)
        some = taken.failed or taken.rejected
        return replace(taken, failed=tuple(m.message_id for m in messages)) if some else taken

    with patch.object(Intake, "_reject_or_redeliver", closed):
        yield


@FLOW.named("what the reject queue did not take is acknowledged")
def rejects_dropped() -> Iterator[None]:
    original = SqsRejectQueue.put

    def put(self: SqsRejectQueue, message: Message, problems: Any) -> None:
        with suppress(Exception):
            original(self, message, problems)

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
    original = consume_messages._shares

    def shares(messages: Sequence[Message]) -> Any:
        lane_shares = original(messages)
        for share in lane_shares:
            share.routed.reverse()
        return lane_shares

    with patch.object(consume_messages, "_shares", shares):
        yield


@FLOW.named("only the first commands of a batch are applied")
def long_batches_cut() -> Iterator[None]:
    original = LaneWriter.steps

    def steps(self: LaneWriter, job_id: str, lane: int, commands: Any, has_time: Any) -> Any:
        return original(self, job_id, lane, commands[:3], has_time)

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


@FLOW.named("refused events are ignored")
def refused_events_ignored() -> Iterator[None]:
    def put(self: EventBridgePublisher, entries: list[dict[str, Any]]) -> None:
        self._client.put_events(Entries=entries)

    with patch.object(EventBridgePublisher, "_put", put):
        yield


@FLOW.named("facts count as published before they are")
def marked_before_publishing() -> Iterator[None]:
    def publish(self: FactPublisher, job_id: str) -> int:
        view = self.jobs.load_job(job_id)
        if view is None or view.published == view.job.facts:
            return 0
        facts = self.facts.read_facts(job_id, view.published, view.job.facts - view.published)
        self.facts.mark_published(job_id, view.job.facts, done=view.job.finished)
        self.publisher.publish(view.job, [fact for fact in facts if fact.published])
        return len(facts)

    with patch.object(FactPublisher, "publish", publish):
        yield


@FLOW.named("only the latest fact is published")
def facts_skipped() -> Iterator[None]:
    original = EventBridgePublisher.publish

    def publish(self: EventBridgePublisher, job: Any, facts: Sequence[Fact]) -> None:
        original(self, job, facts[-1:])

    with patch.object(EventBridgePublisher, "publish", publish):
        yield


@FLOW.named("an internal fact is published")
def private_facts_published() -> Iterator[None]:
    with patch.object(Fact, "published", property(lambda _: True)):
        yield


@FLOW.named("an event's id does not contain the epoch")
def ids_without_epoch() -> Iterator[None]:
    def event_id(job_id: str, fact: Fact) -> str:
        return f"{job_id}:1:{fact.kind}"

    with patch.object(job_events, "event_id", event_id):
        yield


@FLOW.named("a repeated event has the time of its publication, not of its fact")
def events_with_publish_time() -> Iterator[None]:
    original = EventBridgePublisher.publish

    def publish(self: EventBridgePublisher, job: Any, facts: Sequence[Fact]) -> None:
        now = self._runtime.clock()
        original(self, job, [replace(fact, at=now) for fact in facts])

    with patch.object(EventBridgePublisher, "publish", publish):
        yield


@FLOW.named("completion is published by any process that sees it, without a fact")
def completion_published_twice() -> Iterator[None]:
    original = JobAdvancer.advance
    publishers: list[FactPublisher] = []

    def advance(self: JobAdvancer, job_id: str, *rest: Any) -> JobView | None:
        view = original(self, job_id, *rest)
        if view is not None and view.job.sealed and publishers:
            fact = Fact(
                number=view.job.facts,
                kind=FactKind.COMPLETED,
                epoch=view.job.epoch,
                at=self.runtime.clock(),
                status=view.job.status,
                counts=view.job.counts_at_verdict,
                duration_ms=0,
            )
            publishers[-1].publisher.publish(view.job, [fact])
        return view

    relay = Relay.relay

    def remember(self: Relay, wakes: Sequence[Wake], has_time: Callable[[], bool]) -> Relayed:
        publishers.append(self.fact_publisher)
        try:
            return relay(self, wakes, has_time)
        finally:
            publishers.pop()

    with patch.object(JobAdvancer, "advance", advance), patch.object(Relay, "relay", remember):
        yield


@FLOW.named("a fact wakes no process that continues its job")
def facts_only_published() -> Iterator[None]:
    original = Relay.relay

    class Idle(JobAdvancer):
        def advance(self, job_id: str, *_: Any) -> JobView | None:
            return None

    def relay(self: Relay, wakes: Sequence[Wake], has_time: Callable[[], bool]) -> Relayed:
        heads = [wake for wake in wakes if wake.kind is WakeKind.HEAD]
        facts = [wake for wake in wakes if wake.kind is WakeKind.FACT]
        advancer = self.advancer
        publishing = Relay(
            Idle(advancer.jobs, advancer.lane_writer, advancer.runtime), self.fact_publisher
        )
        advanced = original(self, heads, has_time)
        published = original(publishing, facts, has_time)
        failed = sorted(
            advanced.failed + published.failed, key=lambda failure: failure[0].sequence_number
        )
        events_published = advanced.events_published + published.events_published
        return Relayed(tuple(failed), events_published)

    with patch.object(Relay, "relay", relay):
        yield


@FLOW.named("a worker takes a refused message for delivered")
def refused_messages_forgotten() -> Iterator[None]:
    accepted = SendResult(status=SendStatus.ACCEPTED)
    with patch.object(sqs_sender, "_result_of_failed", lambda _: accepted):
        yield
