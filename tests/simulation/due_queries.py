"""Queries of the index of what is due: by shard, the earliest first, each row with a lag."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forgeledger.clock.storage.due_index import JOBS_DUE
from tests.simulation.expressions import Row
from tests.simulation.faults import client_error
from tests.simulation.table_requests import check_placeholders

# Past versions of rows: when, the partition, and the row; None if it was deleted.
IndexHistory = list[tuple[int, str, Row | None]]
_CONDITION = "due = :shard AND wakeAt <= :until"


def asks_what_is_due(request: Mapping[str, Any]) -> bool:
    return request.get("IndexName") == JOBS_DUE


def query_due(
    history: IndexHistory, request: Mapping[str, Any], now: int, lag: Callable[[], int]
) -> dict[str, Any]:
    if request["KeyConditionExpression"] != _CONDITION or request.get("ConsistentRead"):
        raise client_error("ValidationException", "Query")
    values = request["ExpressionAttributeValues"]
    check_placeholders(frozenset({":shard", ":until"}), {}, values)
    found = [
        row
        for row in _indexed(history, now, lag)
        if row.get("due") == values[":shard"] and _time(row) <= int(values[":until"]["N"])
    ]
    found.sort(key=_order)
    start = request.get("ExclusiveStartKey")
    if start is not None:
        found = [row for row in found if _order(row) > _order(start)]
    answer: dict[str, Any] = {"Items": found[: request["Limit"]]}
    if len(found) >= request["Limit"]:
        answer["LastEvaluatedKey"] = found[request["Limit"] - 1]
    return answer


def _indexed(history: IndexHistory, now: int, lag: Callable[[], int]) -> Sequence[Row]:
    """The keys of each row as it was some time ago."""
    moments: dict[str, int] = {}
    latest: dict[str, Row | None] = {}
    for at, pk, row in history:
        # Each row of an index lags by itself.
        moment = moments.setdefault(pk, now - lag())
        latest[pk] = row if at <= moment else latest.get(pk)
    return [
        {name: row[name] for name in ("PK", "SK", "due", "wakeAt")}
        for row in latest.values()
        if row is not None and "due" in row
    ]


def _time(row: Row) -> int:
    return int(row["wakeAt"]["N"])


def _order(row: Row) -> tuple[int, str]:
    return _time(row), row["PK"]["S"]
