"""The ledger's table."""

from typing import Any

from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.runtime import Runtime


def ledger_store(client: Any, table: str, runtime: Runtime) -> DynamoStore:
    retrying = Retrying(
        sleep=runtime.sleep, draw=runtime.draw, clock=lambda: runtime.clock() / 1_000
    )
    return DynamoStore(
        client, table, retrying=retrying, new_id=runtime.new_id, parallel=runtime.parallel
    )
