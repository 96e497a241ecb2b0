"""DynamoDB in this process, counting units as AWS does: for millions of rows in little memory.

Requests and rows are as on the wire. Conditions and updates are the simulator's.

On AWS a table is not in a function's memory. Here it is, and the handlers' allocations start the
garbage collector, whose time counts as theirs, as in Lambda. It must walk through what they keep,
and not through the table, or an item would take the longer the more rows there are. So a row is
kept as marshalled bytes, and a partition as a dict of these by sort key: up to Python 3.13 a dict
of nothing but strings and bytes is not tracked. With tuples for keys a new row would make it
tracked again, as a young object, and collections of each generation would walk through all of it.
"""

import marshal
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.expressions import Row, parse_condition, parse_projection, parse_update
from tests.support.row_sizes import row_bytes

WRITE_BYTES: Final = 1_024
READ_BYTES: Final = 4_096
# What AWS adds to each row for its index when it measures storage.
ROW_OVERHEAD_BYTES: Final = 100
# A sparse index holds the headers' keys; a change of these attributes is a write to it.
_INDEXED: Final = ("jobStatus", "open")
_NOTHING: Final[Row] = {}

# A row that was stored: its partition, its sort key, and whether it is new.
OnStored = Callable[[str, str, bool], None]


class Refused(Exception):
    """An answer of status 400: DynamoDB's type of error, and what else it says."""

    def __init__(self, kind: str, **more: Any) -> None:
        super().__init__(kind)
        self.kind = kind
        self.more = more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    table: str
    key: tuple[str, str]
    old: Row | None
    new: Row | None
    holds: bool
    returns_old: bool

    @property
    def units(self) -> int:
        """A write costs by the larger of the row before and after it, also one that is refused."""
        return max(1, -(-max(_size(self.old), _size(self.new)) // WRITE_BYTES))


class MeteredTables:
    """The operations that this project, and the designs written by hand, use of DynamoDB."""

    def __init__(self, on_stored: OnStored = lambda *_: None) -> None:
        # By table and partition key, and in each by sort key.
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
        partitions = (rows for (of, _), rows in self._partitions.items() if of == table)
        rows = (row for partition in partitions for row in partition.values())
        return sum(_size(_unpacked(row)) + ROW_OVERHEAD_BYTES for row in rows)

    def forget(self) -> None:
        """All rows are gone, as if their time was over."""
        self._partitions.clear()

    def _row(self, table: str, key: tuple[str, str]) -> Row | None:
        pk, sk = key
        packed = self._partitions.get((table, pk), {}).get(sk)
        return None if packed is None else _unpacked(packed)

    def _read(self, table: str, key: tuple[str, str], *, consistent: bool) -> Row | None:
        row = self._row(table, key)
        self._count_read(_size(row), consistent=consistent)
        return row

    def _count_read(self, size: int, *, consistent: bool) -> None:
        units = max(1, -(-size // READ_BYTES))
        self.read_units += units if consistent else units / 2

    def _batch_get(self, request: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, list[Row]] = {}
        for table, asked in request["RequestItems"].items():
            consistent = asked.get("ConsistentRead", False)
            rows = [self._read(table, _key(key), consistent=consistent) for key in asked["Keys"]]
            found[table] = [row for row in rows if row is not None]
        return {"Responses": found, "UnprocessedKeys": {}}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        consistent = request.get("ConsistentRead", False)
        row = self._read(request["TableName"], _key(request["Key"]), consistent=consistent)
        if row is None:
            return {}
        if "ProjectionExpression" not in request:
            return {"Item": row}
        names = request.get("ExpressionAttributeNames", {})
        parts, _ = parse_projection(request["ProjectionExpression"])
        wanted = [names.get(part, part) for part in parts]
        return {"Item": {name: row[name] for name in wanted if name in row}}

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        values = request["ExpressionAttributeValues"]
        names = request.get("ExpressionAttributeNames", {})
        condition = parse_condition(request["KeyConditionExpression"])
        asked = sorted({value["S"] for value in values.values() if "S" in value})
        partitions = (self._partitions.get((request["TableName"], pk), {}) for pk in asked)
        rows = (_unpacked(rows[sk]) for rows in partitions for sk in sorted(rows))
        matching = [row for row in rows if condition.test(row, names, values)]
        matching = matching[: request.get("Limit")]
        size = sum(_size(row) for row in matching)
        self._count_read(size, consistent=request.get("ConsistentRead", False))
        return {"Items": matching}

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
        self.write_units += 2 * sum(each.units for each in planned)
        if not all(each.holds for each in planned):
            reasons = [_reason(each) for each in planned]
            raise Refused("TransactionCanceledException", CancellationReasons=reasons)
        for each in planned:
            self._store(each)
        return {}

    def _plan(self, kind: str, body: Mapping[str, Any]) -> _Planned:
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
        return _Planned(
            table=body["TableName"],
            key=key,
            old=old,
            new=new,
            holds=holds,
            returns_old=body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD",
        )

    def _store(self, planned: _Planned) -> None:
        if planned.new is None or planned.new == planned.old:
            return
        pk, sk = planned.key
        self._partitions.setdefault((planned.table, pk), {})[sk] = marshal.dumps(planned.new)
        old = planned.old or _NOTHING
        for name in _INDEXED:
            before, after = old.get(name), planned.new.get(name)
            # An entry that moves is deleted in one place and written in the other.
            if before != after:
                self.write_units += (before is not None) + (after is not None)
        self._on_stored(pk, sk, planned.old is None)


def _unpacked(packed: bytes) -> Row:
    row: Row = marshal.loads(packed)  # noqa: S302 - Nothing but our own rows is in here.
    return row


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    """PK and SK of the ledger; the other tables have one key."""
    if "id" in row:
        return str(row["id"]["S"]), ""
    return str(row["PK"]["S"]), str(row["SK"]["S"]) if "SK" in row else ""


def _size(row: Row | None) -> int:
    if row is None:
        return 0
    # On the wire bytes stand in base64.
    return row_bytes(
        {
            name: {"B": b64decode(value["B"])} if "B" in value else value
            for name, value in row.items()
        }
    )


def _reason(planned: _Planned) -> dict[str, Any]:
    if planned.holds:
        return {"Code": "None"}
    shown = {"Item": planned.old} if planned.returns_old and planned.old is not None else {}
    return {"Code": "ConditionalCheckFailed", **shown}


def _updated(row: Row, expression: str, names: Mapping[str, str], values: Mapping[str, Any]) -> Row:
    words: Sequence[str] = expression.split()
    if words[0] != "ADD":
        return parse_update(expression).apply(row, names, values)
    # The counter of the designs written by hand; the ledger itself adds nothing up in its table.
    name, by = names[words[1]], values[words[2]]
    return {**row, name: {"N": str(int(row.get(name, {"N": "0"})["N"]) + int(by["N"]))}}
