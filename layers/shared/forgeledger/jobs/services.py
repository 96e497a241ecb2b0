"""The use cases that the routes call."""

from dataclasses import dataclass

from forgeledger.jobs.ports import JobIdClaims, LedgerStore
from forgeledger.jobs.usecases.advance_job import Advancer
from forgeledger.jobs.usecases.apply_commands import Applier
from forgeledger.jobs.usecases.change_job import LifeCycle
from forgeledger.jobs.usecases.create_job import Creator
from forgeledger.jobs.usecases.explain_job import Explainer
from forgeledger.jobs.usecases.read_items import ItemReader
from forgeledger.jobs.usecases.read_jobs import JobReader
from forgeledger.jobs.usecases.read_journal import JournalReader
from forgeledger.jobs.usecases.register_items import Registrar
from forgeledger.runtime import Surroundings


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
