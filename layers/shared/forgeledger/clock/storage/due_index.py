"""The sparse index of rows with a time at which they are to be looked at."""

from collections.abc import Sequence
from typing import Final

from forgeledger.aws.dynamodb.attributes import number, text
from forgeledger.aws.dynamodb.table import Table
from forgeledger.clock.model.due import Due

JOBS_DUE: Final = "jobs-due"


class DynamoDueIndex:
    def __init__(self, table: Table) -> None:
        self._table = table

    def find_due(self, shard: int, until: int, limit: int) -> Sequence[Due]:
        rows = self._table.first(
            limit,
            IndexName=JOBS_DUE,
            KeyConditionExpression="due = :shard AND wakeAt <= :until",
            ExpressionAttributeValues={":shard": text(str(shard)), ":until": number(until)},
        )
        return [Due(pk=row["PK"]["S"], at=int(row["wakeAt"]["N"])) for row in rows]
