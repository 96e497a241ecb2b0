"""The relay, put together: waking for the stream, and reconciling when asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forgeledger.adapters.eventbridge import EventBridgePublisher
from forgeledger.bootstrap import clients
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.settings import RelaySettings
from forgeledger.usecases.advancing_jobs import Advancer
from forgeledger.usecases.applying import Applier
from forgeledger.usecases.keeping import Keeper
from forgeledger.usecases.reconciling import Reconciler
from forgeledger.usecases.recounting import Recounter
from forgeledger.usecases.relaying import Relay
from forgeledger.usecases.rounds import Rounds
from forgeledger.usecases.surroundings import Surroundings
from forgeledger.usecases.telling import Teller


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
