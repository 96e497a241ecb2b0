"""The use cases of execution that the routes call."""

from dataclasses import dataclass

from forgeledger.execution.usecases.read_report import ReportReader
from forgeledger.execution.usecases.retry_job import JobRetrier
from forgeledger.jobs.ports import LedgerStore
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.read_items import ItemReader
from forgeledger.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionServices:
    reports: ReportReader
    retrier: JobRetrier
    runtime: Runtime


def execution_on(store: LedgerStore, runtime: Runtime) -> ExecutionServices:
    items = ItemReader(jobs=store, lanes=store)
    return ExecutionServices(
        reports=ReportReader(jobs=store, facts=store, lanes=store, items=items),
        retrier=JobRetrier(jobs=store, lane_writer=LaneWriter(store, runtime)),
        runtime=runtime,
    )
