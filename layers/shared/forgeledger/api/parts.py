"""The use cases that the routes call."""

from dataclasses import dataclass

from forgeledger.ports import LedgerStore
from forgeledger.usecases.advancing_jobs import Advancer
from forgeledger.usecases.applying import Applier
from forgeledger.usecases.creating import Creator, JobIdClaims
from forgeledger.usecases.explaining import Explainer
from forgeledger.usecases.life import LifeCycle
from forgeledger.usecases.reading_events import JournalReader
from forgeledger.usecases.reading_items import ItemReader
from forgeledger.usecases.reading_jobs import JobReader
from forgeledger.usecases.registering import Registrar
from forgeledger.usecases.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    applier: Applier
    creator: Creator
    registrar: Registrar
    life: LifeCycle
    jobs: JobReader
    items: ItemReader
    journal: JournalReader
    explainer: Explainer
    around: Surroundings


def parts_on(store: LedgerStore, claims: JobIdClaims, around: Surroundings) -> Parts:
    applier = Applier(store, around)
    life = LifeCycle(store, Advancer(store, applier, around), around)
    registrar = Registrar(applier, life, around)
    return Parts(
        applier=applier,
        creator=Creator(store, registrar, life, claims, around),
        registrar=registrar,
        life=life,
        jobs=JobReader(store, around.clock),
        items=ItemReader(store),
        journal=JournalReader(store, around),
        explainer=Explainer(store, around),
        around=around,
    )
