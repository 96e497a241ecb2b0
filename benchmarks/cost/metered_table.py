"""An in-process DynamoDB that counts units as AWS does, for millions of rows in little memory.

Requests and rows are DynamoDB JSON. Conditions and updates are the simulator's.

The handlers' allocations start Python's garbage collector, whose time counts as theirs, as in
Lambda. It must not traverse this table, which on AWS is in no function's memory, or an item would
take the longer the more rows there are. So a row is stored as marshalled bytes, and a partition as
a dict from sort key to bytes: up to Python 3.13 the collector does not track a dict of strings and
bytes alone. With tuples as keys each new row would make the dict tracked again, as a young object,
and collections of every generation would traverse it.
"""

import marshal
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.expressions import Row, parse_condition, parse_update
from tests.simulation.table_requests import answer_of, projected
from tests.support.row_sizes import row_bytes

WRITE_BYTES: Final = 1_024
READ_BYTES: Final = 4_096
# A page of a Query ends with the row that brings what was read to this.
PAGE_BYTES: Final = 1 << 20
# What AWS adds to the size of each stored row.
ROW_OVERHEAD_BYTES: Final = 100
# Each of these attributes has a sparse index of job headers; a change of it writes the index.
_INDEXED: Final = ("jobStatus", "open")
_NOTHING: Final[Row] = {}

# Called for each stored row with its partition key, its sort key, and whether it is new.
OnStored = Callable[[str, str, bool], None]


class Refused(Exception):
    """A response of status 400: DynamoDB's error type, and further fields."""

    def __init__(self, kind: str, **more: Any) -> None:
        super().__init__(kind)
        self.kind = kind
        self.more = more


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlannedWrite:
    table: str
    key: tuple[str, str]
    old: Row | None
    new: Row | None
    holds: bool
    returns_old: bool

    @property
    def units(self) -> int:
        """By the larger of the row before and after; a refused write costs as much."""
        return max(1, -(-max(_size(self.old), _size(self.new)) // WRITE_BYTES))


class MeteredTables:
    """The DynamoDB operations that ForgeLedger and the hand-written designs use."""

    def __init__(self, on_stored: OnStored = lambda *_: None) -> None:
        # By table and partition key; each partition by sort key.
        self._partitions: dict[tuple[str, str], dict[str, bytes]] = {}
        self._on_stored = on_stored
        self.write_units = 0.0
        self.read_units = 0.0

    def perform(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        perform: Callable[[dict[str, Any]], dict[str, Any]] = {
            "BatchGetItem": self._batch_get,
            "BatchWriteItem": self._batch_write,
            "GetItem": self._get,
            "Query": self._query,
            "PutItem": lambda request: self._single("Put", request),
            "UpdateItem": lambda request: self._single("Update", request),
            "TransactWriteItems": self._transact,
        }[operation]
        return perform(request)

    def stored_bytes(self, table: str) -> int:
        partitions = (rows for (name, _), rows in self._partitions.items() if name == table)
        rows = (row for partition in partitions for row in partition.values())
        return sum(_size(_unpacked(row)) + ROW_OVERHEAD_BYTES for row in rows)

    def clear(self) -> None:
        self._partitions.clear()

    def _row(self, table: str, key: tuple[str, str]) -> Row | None:
        pk, sk = key
        packed = self._partitions.get((table, pk), {}).get(sk)
        return None if packed is None else _unpacked(packed)

    def _read(self, table: str, key: tuple[str, str], *, consistent: bool) -> Row | None:
        row = self._row(table, key)
        self._count_read(_size(row), consistent=consistent)
        return row

    def _count_read(self, size: int, *, consistent: bool) -> float:
        units = max(1, -(-size // READ_BYTES)) / (1 if consistent else 2)
        self.read_units += units
        return units

    def _batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        responses: dict[str, list[Row]] = {}
        for table, keys in request["RequestItems"].items():
            consistent = keys.get("ConsistentRead", False)
            rows = [self._read(table, _key(key), consistent=consistent) for key in keys["Keys"]]
            responses[table] = [row for row in rows if row is not None]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        consistent = request.get("ConsistentRead", False)
        row = self._read(request["TableName"], _key(request["Key"]), consistent=consistent)
        if row is None:
            return {}
        return {"Item": projected(row, request)}

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        values = request["ExpressionAttributeValues"]
        names = request.get("ExpressionAttributeNames", {})
        condition = parse_condition(request["KeyConditionExpression"])
        possible_keys = sorted({value["S"] for value in values.values() if "S" in value})
        partitions = (self._partitions.get((request["TableName"], pk), {}) for pk in possible_keys)
        forward = request.get("ScanIndexForward", True)
        start = request.get("ExclusiveStartKey", {}).get("SK", {}).get("S")
        keys = ((rows, sk) for rows in partitions for sk in sorted(rows, reverse=not forward))
        rows = (
            _unpacked(rows[sk])
            for rows, sk in keys
            if start is None or (sk != start and (sk > start) is forward)
        )
        matching = (row for row in rows if condition.test(row, names, values))
        read, size, last = [], 0, None
        for row in matching:
            read.append(row)
            size += _size(row)
            if len(read) == request.get("Limit") or size >= PAGE_BYTES:
                last = {"PK": row["PK"], "SK": row["SK"]}
                break
        units = self._count_read(size, consistent=request.get("ConsistentRead", False))
        answer = {**answer_of(read, request), "ConsumedCapacity": {"CapacityUnits": units}}
        return answer if last is None else {**answer, "LastEvaluatedKey": last}

    def _single(self, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        planned = self._plan(kind, request)
        self.write_units += planned.units
        if not planned.holds:
            more = {"Item": planned.old} if planned.returns_old and planned.old else {}
            raise Refused("ConditionalCheckFailedException", **more)
        self._store(planned)
        if request.get("ReturnValues") == "ALL_NEW":
            return {"Attributes": planned.new}
        return {}

    def _batch_write(self, request: dict[str, Any]) -> dict[str, Any]:
        for table, puts in request["RequestItems"].items():
            for put in puts:
                self._single("Put", {"TableName": table, **put["PutRequest"]})
        return {"UnprocessedItems": {}}

    def _transact(self, request: dict[str, Any]) -> dict[str, Any]:
        actions = (next(iter(action.items())) for action in request["TransactItems"])
        planned = [self._plan(kind, body) for kind, body in actions]
        self.write_units += 2 * sum(write.units for write in planned)
        if not all(write.holds for write in planned):
            reasons = [_reason(write) for write in planned]
            raise Refused("TransactionCanceledException", CancellationReasons=reasons)
        for write in planned:
            self._store(write)
        return {}

    def _plan(self, kind: str, body: Mapping[str, Any]) -> _PlannedWrite:
        names = body.get("ExpressionAttributeNames", {})
        values = body.get("ExpressionAttributeValues", {})
        key = _key(body["Item"] if kind == "Put" else body["Key"])
        old = self._row(body["TableName"], key)
        condition = body.get("ConditionExpression")
        holds = condition is None or parse_condition(condition).test(old or _NOTHING, names, values)
        new = old
        if kind == "Put":
            new = body["Item"]
        elif kind == "Update" and holds:
            base = old if old is not None else dict(body["Key"])
            new = _updated(base, body["UpdateExpression"], names, values)
        return _PlannedWrite(
            table=body["TableName"],
            key=key,
            old=old,
            new=new,
            holds=holds,
            returns_old=body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
        )

    def _store(self, planned: _PlannedWrite) -> None:
        if planned.new is None or planned.new == planned.old:
            return
        pk, sk = planned.key
        self._partitions.setdefault((planned.table, pk), {})[sk] = marshal.dumps(planned.new)
        old = planned.old or _NOTHING
        for name in _INDEXED:
            before, after = old.get(name), planned.new.get(name)
            # An entry that moves is one deletion and one write.
            if before != after:
                self.write_units += (before is not None) + (after is not None)
        self._on_stored(pk, sk, planned.old is None)


def _unpacked(packed: bytes) -> Row:
    row: Row = marshal.loads(packed)  # noqa: S302 - Only rows that this process stored.
    return row


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    """The ledger has PK and SK; the other tables have a partition key only."""
    if "id" in row:
        return str(row["id"]["S"]), ""
    return str(row["PK"]["S"]), str(row["SK"]["S"]) if "SK" in row else ""


def decode_bytes(row: Row) -> Row:
    """JSON has bytes in base64."""
    return {
        name: {"B": b64decode(value["B"])} if "B" in value else value for name, value in row.items()
    }


def _size(row: Row | None) -> int:
    return 0 if row is None else row_bytes(decode_bytes(row))


def _reason(planned: _PlannedWrite) -> dict[str, Any]:
    if planned.holds:
        return {"Code": "None"}
    shown = {"Item": planned.old} if planned.returns_old and planned.old is not None else {}
    return {"Code": "ConditionalCheckFailed", **shown}


def _updated(row: Row, expression: str, names: Mapping[str, str], values: Mapping[str, Any]) -> Row:
    words: Sequence[str] = expression.split()
    if words[0] != "ADD":
        return parse_update(expression).apply(row, names, values)
    # The counter of the hand-written designs; the ledger itself uses no ADD.
    name, by = names[words[1]], values[words[2]]
    return {**row, name: {"N": str(int(row.get(name, {"N": "0"})["N"]) + int(by["N"]))}}
