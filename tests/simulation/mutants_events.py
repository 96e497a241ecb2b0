"""Mutants of the way from a committed fact to its event on the bus."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.messages import job_events
from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.wakes import Wake, WakeKind
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases.advance_job import Advanced, JobAdvancer
from forgeledger.jobs.usecases.follow_stream import Relay, Relayed
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.runtime import no_deadline
from tests.simulation.mutant import Mutants

EVENTS = Mutants()


@EVENTS.named("refused events are ignored")
def refused_events_ignored() -> Iterator[None]:
    def put(self: EventBridgePublisher, entries: list[dict[str, Any]], *_: Any) -> None:
        self._client().put_events(Entries=entries)

    with patch.object(EventBridgePublisher, "_put", put):
        yield


@EVENTS.named("facts count as published before they are")
def marked_before_publishing() -> Iterator[None]:
    def publish(self: FactPublisher, view: JobView, *_: Any) -> int:
        job = view.job
        if view.published == job.facts:
            return 0
        facts = self.facts.read_facts(job.job_id, view.published, job.facts - view.published)
        self.facts.mark_published(job.job_id, job.facts, done=job.finished)
        events = [fact for fact in facts if fact.published]
        self.publisher.publish(job, events, no_deadline)
        return len(facts)

    with patch.object(FactPublisher, "publish", publish):
        yield


@EVENTS.named("who commits a fact publishes it without the earlier ones")
def only_own_facts_published() -> Iterator[None]:
    original = FactPublisher.publish

    def publish(self: FactPublisher, view: JobView, known: Sequence[Fact] = (), *rest: Any) -> int:
        if known:
            view = replace(view, published=max(view.published, known[-1].number))
        return original(self, view, known, *rest)

    with patch.object(FactPublisher, "publish", publish):
        yield


@EVENTS.named("only the latest fact is published")
def facts_skipped() -> Iterator[None]:
    original = EventBridgePublisher.publish

    def publish(self: EventBridgePublisher, job: Any, facts: Sequence[Fact], *rest: Any) -> None:
        original(self, job, facts[-1:], *rest)

    with patch.object(EventBridgePublisher, "publish", publish):
        yield


@EVENTS.named("an internal fact is published")
def private_facts_published() -> Iterator[None]:
    with patch.object(Fact, "published", property(lambda _: True)):
        yield


@EVENTS.named("an event's id does not contain the epoch")
def ids_without_epoch() -> Iterator[None]:
    def event_id(job_id: str, fact: Fact) -> str:
        return f"{job_id}:1:{fact.kind}"

    with patch.object(job_events, "event_id", event_id):
        yield


@EVENTS.named("a repeated event has the time of its publication, not of its fact")
def events_with_publish_time() -> Iterator[None]:
    original = EventBridgePublisher.publish

    def publish(self: EventBridgePublisher, job: Any, facts: Sequence[Fact], *rest: Any) -> None:
        now = self._runtime.clock()
        original(self, job, [replace(fact, at=now) for fact in facts], *rest)

    with patch.object(EventBridgePublisher, "publish", publish):
        yield


@EVENTS.named("completion is published by any process that sees it, without a fact")
def completion_published_twice() -> Iterator[None]:
    original = JobAdvancer.advance

    def advance(self: JobAdvancer, job_id: str, *rest: Any) -> Advanced | None:
        advanced = original(self, job_id, *rest)
        if advanced is not None and advanced.view.job.sealed and self.fact_publisher is not None:
            job = advanced.view.job
            fact = Fact(
                number=job.facts,
                kind=FactKind.COMPLETED,
                epoch=job.epoch,
                at=self.runtime.clock(),
                status=job.status,
                counts=job.counts_at_verdict,
                duration_ms=0,
            )
            self.fact_publisher.publisher.publish(job, [fact], no_deadline)
            return replace(advanced, events_published=advanced.events_published + 1)
        return advanced

    with patch.object(JobAdvancer, "advance", advance):
        yield


@EVENTS.named("a fact wakes no process that continues its job")
def facts_only_published() -> Iterator[None]:
    original = Relay.relay

    class PublishesOnly(JobAdvancer):
        def advance(self, job_id: str, *_: Any) -> Advanced | None:
            view = self.jobs.load_job(job_id)
            if view is None or self.fact_publisher is None:
                return None
            return Advanced(view, self.fact_publisher.publish(view))

    def relay(self: Relay, wakes: Sequence[Wake], has_time: Callable[[], bool]) -> Relayed:
        heads = [wake for wake in wakes if wake.kind is WakeKind.HEAD]
        facts = [wake for wake in wakes if wake.kind is WakeKind.FACT]
        advancer = self.advancer
        publishing = Relay(
            PublishesOnly(
                advancer.jobs, advancer.lane_writer, advancer.runtime, advancer.fact_publisher
            )
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
