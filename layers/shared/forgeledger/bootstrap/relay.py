"""Composition root of the relay: stream records and maintenance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forgeledger.aws import clients
from forgeledger.bootstrap.settings import RelaySettings
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.extend_retention import RetentionExtender
from forgeledger.jobs.usecases.follow_stream import Relay
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


def build_relay(
    environment: Mapping[str, str],
    *,
    dynamodb: Any = None,
    eventbridge: Any = None,
    runtime: Runtime | None = None,
) -> RelayServices:
    settings = RelaySettings.read(environment)
    runtime = runtime or Runtime()
    store = ledger_store(dynamodb or clients.dynamodb(), settings.table, runtime)
    bus_client = eventbridge or clients.eventbridge()
    bus = EventBridgePublisher(lambda: bus_client, settings.event_bus, runtime)
    advancer = JobAdvancer(
        store,
        LaneWriter(store, runtime),
        runtime,
        FactPublisher(facts=store, publisher=bus),
        maximum_idle_ms=round(float(settings.maximum_idle_days) * _DAY_MS),
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
    return RelayServices(Relay(advancer), Maintenance(reconciler, rounds))
