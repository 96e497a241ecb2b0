"""Composition root of the intake."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from forgeledger.aws import clients
from forgeledger.bootstrap.settings import IntakeSettings
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.messages.command_queue import SqsCommandQueue
from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.messages.reject_queue import SqsRejectQueue
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.consume_messages import Intake
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.jobs.usecases.settle_messages import MessageSettler
from forgeledger.runtime import Runtime


def build_intake(
    environment: Mapping[str, str],
    *,
    dynamodb: Any = None,
    sqs: Callable[[], Any] | None = None,
    eventbridge: Callable[[], Any] | None = None,
    runtime: Runtime | None = None,
) -> Intake:
    settings = IntakeSettings.read(environment)
    runtime = runtime or Runtime()
    store = ledger_store(dynamodb or clients.dynamodb(), settings.table, runtime)
    # These clients are built on first use: most invocations reject and return nothing, and end no
    # job.
    sqs = sqs or cache(clients.sqs)
    settler = MessageSettler(
        commands=SqsCommandQueue(sqs, settings.command_queue_url),
        rejects=SqsRejectQueue(sqs, settings.reject_queue_url, runtime),
    )
    bus_client = eventbridge or cache(clients.eventbridge)
    bus = EventBridgePublisher(bus_client, settings.event_bus, runtime)
    lane_writer = LaneWriter(store, runtime, store)
    fact_publisher = FactPublisher(facts=store, publisher=bus)
    return Intake(
        lane_writer=lane_writer,
        settler=settler,
        advancer=JobAdvancer(store, lane_writer, runtime, fact_publisher),
        runtime=runtime,
    )
