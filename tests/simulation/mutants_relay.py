"""Mutants of the relay that take more for granted than stream, index and rounds promise."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.aws.dynamodb.table import Table
from forgeledger.jobs.messages import stream_records
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.reconciliation import Reconciled
from forgeledger.jobs.model.retention import RetentionCheckpoint
from forgeledger.jobs.model.wakes import Wake, WakeKind
from forgeledger.jobs.usecases.extend_retention import RetentionExtender
from forgeledger.jobs.usecases.follow_stream import Relay, Relayed
from forgeledger.jobs.usecases.reconcile_jobs import Reconciler
from forgeledger.runtime import HasTime
from tests.simulation.mutant import Mutants

RELAY = Mutants()


@RELAY.named("a fact's record publishes that fact alone, and moves the marker behind it")
def facts_published_by_record() -> Iterator[None]:
    read = stream_records.read_wake
    # The number of the fact of each record.
    numbers: dict[str, int] = {}

    def wake(record: Any) -> Wake:
        sort = record["dynamodb"]["Keys"]["SK"]["S"]
        if sort.startswith("FACT#"):
            numbers[record["dynamodb"]["SequenceNumber"]] = int(sort.removeprefix("FACT#"))
        return read(record)

    def relay(self: Relay, wakes: Sequence[Wake], has_time: HasTime) -> Relayed:
        publisher = self.advancer.fact_publisher
        assert publisher is not None
        count = 0
        for wake in wakes:
            view = self.advancer.jobs.load_job(wake.job_id)
            if wake.kind is WakeKind.FACT and view is not None:
                number = numbers[wake.sequence_number]
                facts = publisher.facts.read_facts(wake.job_id, number, 1)
                events = [fact for fact in facts if fact.published]
                publisher.publisher.publish(view.job, events, has_time)
                done = view.job.finished and number + 1 == view.job.facts
                publisher.facts.mark_published(wake.job_id, number + 1, done=done)
                count += len(events)
        relayed = original(self, wakes, has_time)
        return replace(relayed, events_published=relayed.events_published + count)

    original = Relay.relay
    with patch.object(stream_records, "read_wake", wake), patch.object(Relay, "relay", relay):
        yield


@RELAY.named("a relay looks once at a job that it has seen finished")
def finished_jobs_remembered() -> Iterator[None]:
    original = Relay.relay
    # By relay: each environment has its own.
    finished: list[tuple[Relay, set[str]]] = []

    def relay(self: Relay, wakes: Sequence[Wake], has_time: HasTime) -> Relayed:
        known = [jobs for relay, jobs in finished if relay is self]
        if not known:
            known = [set()]
            # No longer than the latest environments live.
            finished[:] = [*finished[-20:], (self, known[0])]
        seen = known[0]
        relayed = original(self, [wake for wake in wakes if wake.job_id not in seen], has_time)
        for wake in wakes:
            view = self.advancer.jobs.load_job(wake.job_id)
            if view is not None and view.job.finished and view.published == view.job.facts:
                seen.add(wake.job_id)
        return relayed

    with patch.object(Relay, "relay", relay):
        yield


@RELAY.named("a round that is cut short passes over the job at which it stopped")
def interrupted_job_skipped() -> Iterator[None]:
    original = Reconciler.reconcile_open

    def reconcile_open(
        self: Reconciler, has_time: HasTime, after: str | None = None, **options: bool
    ) -> tuple[list[Reconciled], str | None]:
        done, reached = original(self, has_time, after, **options)
        if reached is None:
            return done, None
        following, _ = self.lists.list_open(reached or None, 1)
        return done, following[0] if following else None

    with patch.object(Reconciler, "reconcile_open", reconcile_open):
        yield


@RELAY.named("rows for which a round had no time count as renewed")
def interrupted_retention_done() -> Iterator[None]:
    original = RetentionExtender.extend

    def extend(self: RetentionExtender, job: Job, *arguments: Any) -> RetentionCheckpoint | None:
        if original(self, job, *arguments) is not None:
            assert job.retention_due is not None
            self.retention.mark_renewed(job.job_id, job.retention_due, lost=False)
        return None

    with patch.object(RetentionExtender, "extend", extend):
        yield


@RELAY.named("a job leaves the index of open jobs though a fact came since")
def left_with_an_unpublished_fact() -> Iterator[None]:
    original = Table.update

    def update(self: Table, key: Row, **update: Any) -> bool:
        if "REMOVE #open" in update["UpdateExpression"]:
            update["ConditionExpression"] = "published <= :published"
        return original(self, key, **update)

    with patch.object(Table, "update", update):
        yield
