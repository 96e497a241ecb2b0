"""Composition of what dispatches jobs, for the functions that do."""

from forgeledger.execution.ports import Wakes, WorkQueue, WorkStore
from forgeledger.execution.usecases.dispatch_items import Dispatcher
from forgeledger.execution.usecases.find_lost_messages import LostMessages
from forgeledger.execution.usecases.run_job import JobRunner
from forgeledger.execution.usecases.sweep_leases import LeaseSweeper
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.runtime import Runtime


def dispatcher(
    store: DynamoStore, works: WorkStore, queue: WorkQueue, wakes: Wakes, runtime: Runtime
) -> Dispatcher:
    return Dispatcher(
        jobs=store,
        lanes=store,
        due_rows=store,
        works=works,
        queue=queue,
        wakes=wakes,
        runtime=runtime,
    )


def job_runner(
    store: DynamoStore, works: WorkStore, queue: WorkQueue, wakes: Wakes, runtime: Runtime
) -> JobRunner:
    lane_writer = LaneWriter(store, runtime)
    return JobRunner(
        works=works,
        dispatcher=dispatcher(store, works, queue, wakes, runtime),
        sweeper=LeaseSweeper(lanes=store, lane_writer=lane_writer, runtime=runtime),
        lost_messages=LostMessages(lanes=store, due_rows=store, works=works, queue=queue),
        runtime=runtime,
    )
