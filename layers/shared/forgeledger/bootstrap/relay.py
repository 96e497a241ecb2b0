"""Composition root of the relay: stream records, wakes, the tick and maintenance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from forgeledger.aws import clients
from forgeledger.bootstrap.execution import job_runner
from forgeledger.bootstrap.settings import RelaySettings
from forgeledger.bootstrap.storage import due_index, ledger_store, work_store
from forgeledger.clock.messages.wake_queue import SqsWakeQueue
from forgeledger.clock.usecases.run_tick import Tick
from forgeledger.execution.messages.job_wakes import JobWakes
from forgeledger.execution.messages.work_queue import SqsWorkQueue
from forgeledger.execution.usecases.end_dead_work import DeadWorkEnder
from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.extend_retention import RetentionExtender
from forgeledger.jobs.usecases.follow_stream import Relay
from forgeledger.jobs.usecases.plan_look import LookPlanner
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.jobs.usecases.reconcile_jobs import Reconciler
from forgeledger.jobs.usecases.recount_lane import Recounter
from forgeledger.jobs.usecases.run_maintenance import Maintenance
from forgeledger.jobs.usecases.run_round import ScheduledRound
from forgeledger.runtime import Runtime

_DAY_MS = 24 * 3_600 * 1_000


@dataclass(frozen=True, slots=True)
class RelayServices:
    relay: Relay
    maintenance: Maintenance
    dead_work: DeadWorkEnder
    # None with execution off.
    tick: Tick | None = None


def build_relay(
    environment: Mapping[str, str],
    *,
    dynamodb: Any = None,
    eventbridge: Any = None,
    sqs: Callable[[], Any] | None = None,
    runtime: Runtime | None = None,
) -> RelayServices:
    settings = RelaySettings.read(environment)
    runtime = runtime or Runtime()
    dynamodb = dynamodb or clients.dynamodb()
    store = ledger_store(dynamodb, settings.table, runtime)
    bus_client = eventbridge or clients.eventbridge()
    bus = EventBridgePublisher(lambda: bus_client, settings.event_bus, runtime)
    lane_writer = LaneWriter(store, runtime)
    tick = looks = runner = None
    if settings.execution:
        # The client is built on first use: most batches of the stream send nothing.
        queues = sqs or cache(clients.sqs)
        wakes = SqsWakeQueue(queues, settings.wake_queue_url, runtime)
        looks = LookPlanner(wakes=wakes)
        tick = Tick(due=due_index(dynamodb, settings.table, runtime), wakes=wakes, runtime=runtime)
        work_queue = SqsWorkQueue(
            queues, settings.work_queue_url, runtime, int(settings.message_bytes)
        )
        works = work_store(dynamodb, settings.table, runtime)
        runner = job_runner(store, works, work_queue, JobWakes(wakes, runtime), runtime)
    advancer = JobAdvancer(
        store,
        lane_writer,
        runtime,
        FactPublisher(facts=store, publisher=bus),
        maximum_idle_ms=round(float(settings.maximum_idle_days) * _DAY_MS),
        looks=looks,
        after=runner,
    )
    reconciler = Reconciler(
        jobs=store,
        lists=store,
        advancer=advancer,
        recounter=Recounter(store, runtime),
        runtime=runtime,
    )
    extender = RetentionExtender(jobs=store, lists=store, retention=store, runtime=runtime)
    rounds = ScheduledRound(checkpoints=store, reconciler=reconciler, retention_extender=extender)
    return RelayServices(
        relay=Relay(advancer),
        maintenance=Maintenance(reconciler, rounds),
        dead_work=DeadWorkEnder(lane_writer),
        tick=tick,
    )
