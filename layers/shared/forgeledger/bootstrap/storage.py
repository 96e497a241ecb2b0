"""The ledger's table."""

from typing import Any

from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.aws.dynamodb.table import Table
from forgeledger.clock.storage.due_index import DynamoDueIndex
from forgeledger.execution.storage.work_store import DynamoWorkStore
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.runtime import Runtime


def ledger_store(client: Any, table: str, runtime: Runtime) -> DynamoStore:
    retrying = _retrying(runtime)
    return DynamoStore(
        client, table, retrying=retrying, new_id=runtime.new_id, parallel=runtime.parallel
    )


def due_index(client: Any, table: str, runtime: Runtime) -> DynamoDueIndex:
    return DynamoDueIndex(Table(client, table, _retrying(runtime)))


def work_store(client: Any, table: str, runtime: Runtime) -> DynamoWorkStore:
    return DynamoWorkStore(Table(client, table, _retrying(runtime)))


def _retrying(runtime: Runtime) -> Retrying:
    return Retrying(sleep=runtime.sleep, draw=runtime.draw, clock=lambda: runtime.clock() / 1_000)
