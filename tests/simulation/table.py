"""DynamoDB tables with serialisable transactions: rows, conditions, tokens, sparse indexes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation.coverage import CoverageCounts, CoveragePoint
from tests.simulation.due_queries import IndexHistory, asks_what_is_due, query_due
from tests.simulation.expressions import Row, parse_projection, parse_write
from tests.simulation.faults import client_error
from tests.simulation.key_conditions import parse_key_condition
from tests.simulation.planned_writes import PlannedWrite, reason_of
from tests.simulation.table_requests import (
    PAGE_BYTES,
    PAGES_A_BATCH,
    answer_of,
    check_placeholders,
    key_of,
    projected,
    row_filter,
    rows_within,
)
from tests.simulation.write_units import PartitionUnits, units_of

_TOKEN_MS = 10 * 60 * 1000
# How long an eventually consistent read may return the previous version of a row.
_STALE_MS = 2_000
_EMPTY: dict[str, Any] = {}
_MOST_ACTIONS = 100
# Where pages have one row each, batches still have some rows.
_LARGE_ROW = 500


# How far one row of an index lags behind its table.
IndexLag = Callable[[], int]


def no_lag() -> int:
    return 0


@dataclass(slots=True)
class RowChange:
    pk: str
    sk: str
    old: Row | None
    new: Row | None


class Tables:
    """Each method is atomic. Rows are never modified, only replaced."""

    def __init__(
        self,
        clock: Callable[[], int],
        on_commit: Callable[[list[RowChange]], None],
        coverage: CoverageCounts | None = None,
        *,
        remembers_tokens: bool = True,
        page_bytes: int = PAGE_BYTES,
        units_per_second: int = 0,
        on_limit: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._on_commit = on_commit
        self._coverage: CoverageCounts = Counter() if coverage is None else coverage
        self._remembers_tokens = remembers_tokens
        self._page_bytes = page_bytes
        self._on_limit = on_limit
        self.units = PartitionUnits(clock, units_per_second)
        self._partitions: dict[str, dict[str, Row]] = {}
        self._tokens: dict[str, tuple[int, Any]] = {}
        self._before: dict[tuple[str, str], tuple[int, Row | None]] = {}
        # Past versions of indexed rows, for indexes that lag, by sort key.
        self._histories: dict[str, IndexHistory] = {"JOB": [], "PROGRESS": []}

    def get(self, pk: str, sk: str) -> Row | None:
        return self._partitions.get(pk, _EMPTY).get(sk)

    def partition(self, pk: str) -> Mapping[str, Row]:
        return self._partitions.get(pk, _EMPTY)

    def partition_keys(self) -> Sequence[str]:
        return list(self._partitions)

    def delete(self, pk: str, sk: str) -> None:
        """Its stream record passes no filter, so no function is invoked for it."""
        del self._partitions[pk][sk]
        self._before.pop((pk, sk), None)
        self._remember(sk, pk, None)

    def get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        row = self._read(key_of(request["Key"]), consistent=request.get("ConsistentRead", False))
        if row is None:
            return {}
        return {"Item": projected(row, request)}

    def read_keys(self, keys: Sequence[Row], *, consistent: bool) -> list[Row]:
        pairs = [(key["PK"]["S"], key["SK"]["S"]) for key in keys]
        if len(set(pairs)) != len(pairs) or not 1 <= len(pairs) <= _MOST_ACTIONS:
            raise client_error("ValidationException", "BatchGetItem")
        if consistent:
            partitions = self._partitions
            rows = [partitions.get(pk, _EMPTY).get(sk) for pk, sk in pairs]
        else:
            rows = [self._read(pair, consistent=False) for pair in pairs]
        return [row for row in rows if row is not None]

    def within_batch(self, keys: Sequence[Row]) -> int:
        """How many of the keys a BatchGetItem reads before its answer is full."""
        if self._page_bytes == PAGE_BYTES:
            # None of the rows here is large.
            return len(keys)
        rows = [self.get(key["PK"]["S"], key["SK"]["S"]) or _EMPTY for key in keys]
        return rows_within(rows, PAGES_A_BATCH * max(_LARGE_ROW, self._page_bytes))

    def query(self, request: dict[str, Any], lag: IndexLag = no_lag) -> dict[str, Any]:
        if asks_what_is_due(request):
            return query_due(self._histories["PROGRESS"], request, self._clock(), lag)
        names = request.get("ExpressionAttributeNames", _EMPTY)
        values = request.get("ExpressionAttributeValues", _EMPTY)
        condition = parse_key_condition(request["KeyConditionExpression"])
        _, shown = parse_projection(request.get("ProjectionExpression", ""))
        filtered = row_filter(request).placeholders
        check_placeholders(condition.placeholders | shown | filtered, names, values)
        index, consistent = request.get("IndexName"), request.get("ConsistentRead", False)
        partition_key = names.get(condition.partition, condition.partition)
        range_key = "SK" if index is None else "jobId"
        wrong = consistent if index else partition_key != "PK"
        if wrong or condition.sort not in (None, range_key):
            raise client_error("ValidationException", "Query")
        value = values[condition.value]
        if index is None:
            rows = self._partition(value["S"], consistent=consistent)
        else:
            rows = self._indexed(partition_key, value, lag)
        key_filter = condition.key_filter(values)
        keys = [key for key in rows if key_filter(key)]
        forward = request.get("ScanIndexForward", True)
        # Python's order of code points is that of DynamoDB, which compares UTF-8 bytes.
        keys.sort(reverse=not forward)
        start = request.get("ExclusiveStartKey")
        if start is not None:
            bound = start[range_key]["S"]
            keys = [key for key in keys if key != bound and (key > bound) is forward]
        limit = request.get("Limit", len(keys) + 1)
        if self._page_bytes < PAGE_BYTES:
            # What is read counts, not what is answered of it.
            full = rows_within([rows[key] for key in keys], self._page_bytes)
            limit = min(limit, full) if full < len(keys) else limit
        answer = answer_of([rows[key] for key in keys[:limit]], request)
        if len(keys) >= limit:
            last = rows[keys[limit - 1]]
            answer["LastEvaluatedKey"] = {name: last[name] for name in ("PK", "SK", range_key)}
        return answer

    def _read(self, key: tuple[str, str], *, consistent: bool) -> Row | None:
        before = None if consistent else self._before.get(key)
        if before is not None and before[0] + _STALE_MS > self._clock():
            return before[1]
        return self.get(*key)

    def put_item(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._write_one("PutItem", "Put", request)

    def update_item(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._write_one("UpdateItem", "Update", request)

    def transact(
        self,
        actions: Sequence[dict[str, Any]],
        token: str | None,
        refused: tuple[int, str] | None = None,
    ) -> None:
        """All or nothing; `refused` cancels it for the given code of the given action."""
        operation = "TransactWriteItems"
        now = self._clock()
        known = self._tokens.get(token or "")
        if token and known is not None:
            if known[0] + _TOKEN_MS > now and self._remembers_tokens:
                if known[1] != actions:
                    raise client_error("IdempotentParameterMismatchException", operation)
                self._coverage[CoveragePoint.TOKEN_KNOWN] += 1
                return
            self._coverage[CoveragePoint.TOKEN_FORGOTTEN] += 1
        planned = [
            self._plan(operation, kind, body) for action in actions for kind, body in action.items()
        ]
        if len({write.key for write in planned}) != len(planned) or len(planned) > _MOST_ACTIONS:
            raise client_error("ValidationException", operation)
        short = self._without_units(planned, in_transaction=True)
        if refused is not None or short or not all(write.holds for write in planned):
            reasons = [reason_of(write) for write in planned]
            if refused is not None:
                number, code = refused
                reasons[number] = {"Code": code}
            for number, write in enumerate(planned):
                if write.key[0] in short:
                    reasons[number] = {"Code": "ThrottlingError"}
            raise client_error(
                "TransactionCanceledException", operation, CancellationReasons=reasons
            )
        if token:
            self._tokens[token] = (now, actions)
        self._store(planned)

    def _without_units(
        self, planned: Sequence[PlannedWrite], *, in_transaction: bool
    ) -> frozenset[str]:
        """The partitions that cannot take these writes now; if there are any, none is charged."""
        if not self.units.per_second:
            return frozenset()
        writes = [
            (write.key[0], units_of(write.new or write.old, in_transaction=in_transaction))
            for write in planned
        ]
        short = self.units.take(writes)
        if short:
            self._coverage[CoveragePoint.PARTITION_LIMIT] += 1
            self._on_limit()
        return short

    def _write_one(self, operation: str, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        planned = self._plan(operation, kind, request)
        if self._without_units([planned], in_transaction=False):
            raise client_error("ProvisionedThroughputExceededException", operation)
        if not planned.holds:
            more = {"Item": planned.old} if planned.returns_old and planned.old else {}
            raise client_error("ConditionalCheckFailedException", operation, **more)
        self._store([planned])
        return {}

    def _plan(self, operation: str, kind: str, body: dict[str, Any]) -> PlannedWrite:
        names = body.get("ExpressionAttributeNames", _EMPTY)
        values = body.get("ExpressionAttributeValues", _EMPTY)
        key = key_of(body["Item"] if kind == "Put" else body["Key"])
        old = self.get(*key)
        update = body["UpdateExpression"] if kind == "Update" else ""
        write = parse_write(body.get("ConditionExpression", ""), update)
        check_placeholders(write.placeholders, names, values)
        holds = write.test(old or _EMPTY, names, values)
        if kind == "Put":
            new = body["Item"]
        elif kind == "Update":
            new = write.apply(old or body["Key"], names, values) if holds else old
        elif kind == "ConditionCheck":
            new = old
        else:
            raise client_error("ValidationException", operation)
        returns_old = body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        return PlannedWrite(key, old, new, holds, returns_old)

    def _store(self, planned: Sequence[PlannedWrite]) -> None:
        now = self._clock()
        changes = []
        for write in planned:
            old, new = write.old, write.new
            if new is old or new is None or new == old:
                continue
            pk, sk = write.key
            self._partitions.setdefault(pk, {})[sk] = new
            self._before[write.key] = (now, old)
            changes.append(RowChange(pk, sk, old, new))
            self._remember(sk, pk, new)
        if changes:
            self._on_commit(changes)

    def _remember(self, sk: str, pk: str, row: Row | None) -> None:
        if sk in self._histories:
            self._histories[sk].append((self._clock(), pk, row))

    def _partition(self, pk: str, *, consistent: bool) -> Mapping[str, Row]:
        """Rows by sort key; without consistency some are previous versions."""
        partition = self.partition(pk)
        if consistent:
            return partition
        rows = {sk: self._read((pk, sk), consistent=False) for sk in partition}
        return {sk: row for sk, row in rows.items() if row is not None}

    def _indexed(self, name: str, value: dict[str, Any], lag: IndexLag) -> Mapping[str, Row]:
        """The headers, each as it was some time ago: each row of an index lags by itself."""
        now = self._clock()
        moments: dict[str, int] = {}
        latest: dict[str, Row | None] = {}
        lagging = False
        for at, pk, row in self._histories["JOB"]:
            if pk not in moments:
                moments[pk] = now - lag()
            if at <= moments[pk]:
                latest[pk] = row
            else:
                lagging = True
        self._coverage[CoveragePoint.LAGGING_INDEX] += lagging
        return {
            row["jobId"]["S"]: row
            for row in latest.values()
            if row is not None and row.get(name) == value
        }
