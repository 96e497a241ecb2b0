"""Rows of a ledger's table, read and changed without the store."""

from collections.abc import Iterator
from typing import Any

from forgeledger.aws.dynamodb.key_ranges import key
from forgeledger.jobs.storage.keys import header_key


class Rows:
    """The rows of one job with one lane."""

    def __init__(self, client: Any, name: str, job_id: str) -> None:
        self.client, self.name, self.job_id = client, name, job_id

    def get(self, row_key: dict[str, Any]) -> dict[str, Any]:
        return self.client.get_item(TableName=self.name, Key=row_key)["Item"]

    def of_lane(self) -> Iterator[dict[str, Any]]:
        for sort_key in ("LANE", "ITEM#a", "LOG#000000000000"):
            yield self.get(key(f"JOB#{self.job_id}#0", sort_key))

    def ttls(self) -> list[int | None]:
        """The TTLs of header, head, item and journal row."""
        rows = [self.get(header_key(self.job_id)), *self.of_lane()]
        return [int(row["ttl"]["N"]) if "ttl" in row else None for row in rows]

    def drop(self, row_key: dict[str, Any]) -> None:
        self.client.delete_item(TableName=self.name, Key=row_key)
