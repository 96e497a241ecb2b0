"""The ledger's table, with the same clock, chance and ids as all that stands on it."""

from typing import Any

from forgeledger.adapters.dynamodb.retrying import Retrying
from forgeledger.adapters.dynamodb.store import DynamoStore
from forgeledger.usecases.surroundings import Surroundings


def ledger_store(client: Any, table: str, around: Surroundings) -> DynamoStore:
    retrying = Retrying(sleep=around.sleep, chance=around.chance)
    return DynamoStore(client, table, retrying=retrying, new_id=around.new_id)
