"""The simulated DynamoDB without stale reads, and the engine's tables with the same methods."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation import handlers
from tests.simulation.expressions import Row
from tests.simulation.table import IndexLag, Tables, no_lag
from tests.support.ledger_table import create_ledger_table


class PromptTables(Tables):
    """The simulated tables without stale reads, which the engine does not have either."""

    def get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        return super().get_item({**request, "ConsistentRead": True})

    def read_keys(self, keys: Sequence[Row], *, consistent: bool) -> list[Row]:
        return super().read_keys(keys, consistent=True)

    def query(self, request: dict[str, Any], lag: IndexLag = no_lag) -> dict[str, Any]:
        return super().query(request)


@dataclass
class EngineTables:
    """The requests of one world, to a ledger table of its own."""

    client: Any
    name: str
    idempotency: str

    def __post_init__(self) -> None:
        create_ledger_table(self.client, self.name)
        self._names = {handlers.TABLE: self.name, handlers.IDEMPOTENCY_TABLE: self.idempotency}

    def get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.get_item(**self._here(request))
        return answer

    def read_keys(self, keys: Sequence[Row], *, consistent: bool) -> list[Row]:
        table_request = {"Keys": keys, "ConsistentRead": consistent}
        answer = self.client.batch_get_item(RequestItems={self.name: table_request})
        assert not answer.get("UnprocessedKeys")
        rows: list[Row] = answer["Responses"][self.name]
        return rows

    def within_batch(self, keys: Sequence[Row]) -> int:
        return len(keys)

    def query(self, request: dict[str, Any], _lag: IndexLag) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.query(**self._here(request))
        return answer

    def put_item(self, request: dict[str, Any]) -> None:
        self.client.put_item(**self._here(request))

    def update_item(self, request: dict[str, Any]) -> None:
        self.client.update_item(**self._here(request))

    def transact(self, actions: Sequence[dict[str, Any]], token: str | None) -> None:
        here = [{kind: self._here(body) for kind, body in action.items()} for action in actions]
        # All worlds have the same ids, and the engine compares tokens across tables.
        unique = {} if token is None else {"ClientRequestToken": f"{self.name}-{token}"}
        self.client.transact_write_items(TransactItems=here, **unique)

    def partition(self, _pk: str) -> dict[str, Row]:
        """Nothing: of an engine's table no row is deleted when it has expired."""
        return {}

    def rows(self) -> dict[tuple[str, str], Row]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.name)
        rows = (row for page in pages for row in page["Items"])
        return {(row["PK"]["S"], row["SK"]["S"]): row for row in rows}

    def close(self) -> None:
        self.client.delete_table(TableName=self.name)

    def _here(self, request: dict[str, Any]) -> dict[str, Any]:
        return {**request, "TableName": self._names[request["TableName"]]}
