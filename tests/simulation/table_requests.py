"""Parts of requests to DynamoDB: keys, placeholders, projections, and how much is answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.expressions import Row, RowCondition, parse_condition, parse_projection
from tests.simulation.faults import client_error
from tests.support.row_sizes import row_bytes

# A page of a query ends before its rows have more bytes than this, apart from the first row.
PAGE_BYTES = 1 << 20
# A BatchGetItem answers at most so many times as much.
PAGES_A_BATCH = 16
_READ_BYTES = 4_096
_EMPTY: dict[str, Any] = {}
_NEVER = {"N": str(1 << 62)}


def key_of(row: Row) -> tuple[str, str]:
    if "PK" in row:
        return row["PK"]["S"], row["SK"]["S"]
    # The idempotency table has a single key; its rows get a partition of their own here.
    return "id", row["id"]["S"]


def projected(row: Row, request: Mapping[str, Any]) -> Row:
    projection = request.get("ProjectionExpression")
    if projection is None:
        return row
    parts, _ = parse_projection(projection)
    names = request.get("ExpressionAttributeNames", _EMPTY)
    attributes = [names.get(part, part) for part in parts]
    return {name: row[name] for name in attributes if name in row}


def check_placeholders(
    used: frozenset[str], names: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """DynamoDB refuses a request that supplies more or fewer names or values than it uses."""
    given = len(names) + len(values)
    if given != len(used) or not (used.issuperset(names) and used.issuperset(values)):
        raise client_error("ValidationException", "expression placeholders")


def has_expired(row: Row, now: int) -> bool:
    """Whether the row's TTL has passed; rows of the idempotency table have another attribute."""
    return int(row.get("ttl", row.get("expiration", _NEVER))["N"]) < now // 1000


def row_filter(request: Mapping[str, Any]) -> RowCondition:
    expression = request.get("FilterExpression")
    return RowCondition() if expression is None else parse_condition(expression)


def answer_of(read: Sequence[Row], request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a Query that read these rows."""
    names = request.get("ExpressionAttributeNames", _EMPTY)
    values = request.get("ExpressionAttributeValues", _EMPTY)
    passes = row_filter(request).test
    answer: dict[str, Any] = {
        "Items": [projected(row, request) for row in read if passes(row, names, values)],
        "ScannedCount": len(read),
    }
    if "ReturnConsumedCapacity" in request:
        units = -(-sum(map(row_bytes, read)) // _READ_BYTES)
        cheap = not request.get("ConsistentRead", False)
        answer["ConsumedCapacity"] = {"CapacityUnits": units / 2 if cheap else units}
    return answer


def rows_within(rows: Sequence[Row], most_bytes: int) -> int:
    """How many of the rows fit; the first one always does."""
    size = 0
    for number, row in enumerate(rows):
        size += row_bytes(row)
        if number and size > most_bytes:
            return number
    return len(rows)
