"""The use cases that the routes call."""

from dataclasses import dataclass

from forgeledger.jobs.ports import JobIdClaims, LedgerStore
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.change_job import JobLifecycle
from forgeledger.jobs.usecases.create_job import JobCreator
from forgeledger.jobs.usecases.explain_job import Explainer
from forgeledger.jobs.usecases.plan_look import LookPlanner
from forgeledger.jobs.usecases.read_items import ItemReader
from forgeledger.jobs.usecases.read_jobs import JobReader
from forgeledger.jobs.usecases.read_journal import JournalReader
from forgeledger.jobs.usecases.register_items import ItemRegistrar
from forgeledger.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    lane_writer: LaneWriter
    creator: JobCreator
    registrar: ItemRegistrar
    lifecycle: JobLifecycle
    jobs: JobReader
    items: ItemReader
    journal: JournalReader
    explainer: Explainer
    runtime: Runtime
    # Whether the deployment runs jobs by its clock.
    execution: bool
    # The users' own queues to which work may be sent.
    queue_arns: tuple[str, ...]


def services_on(
    store: LedgerStore,
    claims: JobIdClaims,
    runtime: Runtime,
    looks: LookPlanner | None = None,
    *,
    execution: bool = False,
    queue_arns: tuple[str, ...] = (),
) -> Services:
    lane_writer = LaneWriter(store, runtime)
    advancer = JobAdvancer(store, lane_writer, runtime, looks=looks)
    lifecycle = JobLifecycle(store, advancer, runtime)
    registrar = ItemRegistrar(lane_writer, lifecycle, runtime)
    return Services(
        lane_writer=lane_writer,
        creator=JobCreator(store, registrar, lifecycle, claims, runtime, looks),
        registrar=registrar,
        lifecycle=lifecycle,
        jobs=JobReader(jobs=store, lists=store, clock=runtime.clock),
        items=ItemReader(jobs=store, lanes=store),
        journal=JournalReader(jobs=store, lanes=store, facts=store, runtime=runtime),
        explainer=Explainer(jobs=store, lanes=store, runtime=runtime),
        runtime=runtime,
        execution=execution,
        queue_arns=queue_arns,
    )
