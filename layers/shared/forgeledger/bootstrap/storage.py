"""The ledger's table, with the same clock, chance and ids as all that stands on it."""

from typing import Any

from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.runtime import Surroundings


def ledger_store(client: Any, table: str, around: Surroundings) -> DynamoStore:
    retrying = Retrying(sleep=around.sleep, chance=around.chance)
    return DynamoStore(client, table, retrying=retrying, new_id=around.new_id)
