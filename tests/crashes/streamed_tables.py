"""The ledger's table and its stream: simulated in this process, or on the local engine."""

from typing import Any, Protocol

from forgeledger.local.engine import REGION
from forgeledger.local.engine_calls import DESCRIBE_STREAM, OPEN_SHARD, READ_SHARD, Call
from forgeledger.local.stream_events import stream_record
from tests.simulation.table import RowChange, Tables
from tests.support.builders import NOW
from tests.support.ledger_table import create_ledger_table

NAME = "crashes"


class StreamedTable(Protocol):
    client: Any

    def records(self) -> list[dict[str, Any]]:
        """The stream's records since the last call, as a function receives them."""


class TableInProcess:
    """The simulator's table with the calls of a client."""

    def __init__(self) -> None:
        self.client = self
        self._records: list[dict[str, Any]] = []
        self._sequence = 0
        self._tables = Tables(lambda: NOW, self._note)

    def records(self) -> list[dict[str, Any]]:
        records, self._records = self._records, []
        return records

    def _note(self, changes: list[RowChange]) -> None:
        for change in changes:
            self._sequence += 1
            name = "INSERT" if change.old is None else "REMOVE" if change.new is None else "MODIFY"
            self._records.append(
                {
                    "eventID": f"event-{self._sequence}",
                    "eventName": name,
                    "eventSource": "aws:dynamodb",
                    "dynamodb": {
                        "Keys": {"PK": {"S": change.pk}, "SK": {"S": change.sk}},
                        "SequenceNumber": f"{self._sequence:021d}",
                        "StreamViewType": "KEYS_ONLY",
                    },
                }
            )

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        ((name, keys_request),) = request["RequestItems"].items()
        rows = self._tables.read_keys(
            keys_request["Keys"], consistent=keys_request["ConsistentRead"]
        )
        return {"Responses": {name: rows}, "UnprocessedKeys": {}}

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._tables.get_item(request)

    def query(self, **request: Any) -> dict[str, Any]:
        return self._tables.query(request)

    def update_item(self, **request: Any) -> None:
        self._tables.update_item(request)

    def transact_write_items(self, **request: Any) -> None:
        self._tables.transact(request["TransactItems"], request["ClientRequestToken"])


class TableOnEngine:
    """A table on the engine, shared by a test module."""

    def __init__(self, client: Any, call: Call) -> None:
        self.client = client
        self._call = call
        create_ledger_table(client, NAME)
        table = client.describe_table(TableName=NAME)["Table"]
        self._arn = table["LatestStreamArn"]
        described = call(DESCRIBE_STREAM, {"StreamArn": self._arn})["StreamDescription"]
        # The engine never splits a shard.
        (shard,) = described["Shards"]
        shard_id = {"StreamArn": self._arn, "ShardId": shard["ShardId"]}
        start = call(OPEN_SHARD, {**shard_id, "ShardIteratorType": "TRIM_HORIZON"})
        self._iterator = start["ShardIterator"]

    def drop(self) -> None:
        self.client.delete_table(TableName=NAME)

    def records(self) -> list[dict[str, Any]]:
        answer = self._call(READ_SHARD, {"ShardIterator": self._iterator})
        self._iterator = answer["NextShardIterator"]
        return [
            stream_record(record, stream_arn=self._arn, region=REGION)
            for record in answer["Records"]
        ]
