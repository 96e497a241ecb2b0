"""The relay, put together: waking for the stream, and reconciling when asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forgeledger.aws import clients
from forgeledger.bootstrap.settings import RelaySettings
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.usecases.advance_job import Advancer
from forgeledger.jobs.usecases.apply_commands import Applier
from forgeledger.jobs.usecases.extend_retention import Keeper
from forgeledger.jobs.usecases.follow_stream import Relay
from forgeledger.jobs.usecases.publish_facts import Teller
from forgeledger.jobs.usecases.reconcile_jobs import Reconciler
from forgeledger.jobs.usecases.recount_lane import Recounter
from forgeledger.jobs.usecases.run_round import Rounds
from forgeledger.runtime import Surroundings


@dataclass(frozen=True, slots=True)
class RelayParts:
    relay: Relay
    reconciler: Reconciler
    rounds: Rounds


def relay(
    environment: Mapping[str, str],
    *,
    dynamodb: Any = None,
    eventbridge: Any = None,
    around: Surroundings | None = None,
) -> RelayParts:
    settings = RelaySettings.read(environment)
    around = around or Surroundings()
    store = ledger_store(dynamodb or clients.dynamodb(), settings.table, around)
    events = eventbridge or clients.eventbridge()
    advancer = Advancer(store, Applier(store, around), around)
    teller = Teller(store, EventBridgePublisher(events, settings.event_bus, around))
    reconciler = Reconciler(store, advancer, teller, Recounter(store, around), around)
    return RelayParts(
        relay=Relay(advancer, teller),
        reconciler=reconciler,
        rounds=Rounds(store, reconciler, Keeper(store, around)),
    )
