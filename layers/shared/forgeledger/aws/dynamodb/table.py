"""Requests to one DynamoDB table, each with its retries and its pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.aws.dynamodb.retries import (
    BUSY_REASONS,
    NO_ANSWER,
    PASSING_REASONS,
    EmptyAnswer,
    Retrying,
    may_have_been_made,
)
from forgeledger.aws.errors import code_of
from forgeledger.batched import batched
from forgeledger.errors import StorageBusy, StorageError
from forgeledger.fast_dataclass import fast_frozen

KEYS_PER_READ: Final = 100
ROWS_PER_BATCH_WRITE: Final = 25

Action = dict[str, Any]


@fast_frozen
class Conflict:
    """A transaction whose conditions did not hold."""

    # For each action the row that failed its condition; None where the condition held, or
    # where there is no such row.
    rows: tuple[Row | None, ...]
    # Whether an earlier try, whose answer was lost, may have been committed.
    unanswered: bool


@fast_frozen
class Page:
    """A page of a Query with a filter: the rows that pass, and what was read for them."""

    rows: Sequence[Row]
    rows_read: int
    read_units: float
    # The key of the last row that was read; None at the end.
    last: Row | None


@dataclass(frozen=True, slots=True)
class Table:
    # boto3's low-level client of DynamoDB, or one of botocore's.
    client: Any
    name: str
    retrying: Retrying = field(default_factory=Retrying)

    def read(self, keys: Sequence[Row]) -> list[Row]:
        """The rows that exist, in no order. Not a snapshot: each is read at its own moment."""
        rows: list[Row] = []
        for part in batched(keys, KEYS_PER_READ):
            wanted, tries = part, 0
            while wanted:
                if tries == self.retrying.attempts:
                    raise StorageBusy("BatchGetItem: unprocessed keys", tries)
                if tries:
                    self.retrying.pause(tries - 1)
                tries += 1
                keys_of_table = {self.name: {"Keys": wanted, "ConsistentRead": True}}
                request = partial(self.client.batch_get_item, RequestItems=keys_of_table)
                answer = self._ask("BatchGetItem", request, holding="Responses")
                rows += answer["Responses"].get(self.name, ())
                wanted = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", ())
        return rows

    def delete(self, keys: Sequence[Row]) -> None:
        """Rows by their keys, without a condition; one that is not there is passed over."""
        for part in batched(keys, ROWS_PER_BATCH_WRITE):
            requests: Sequence[Action] = [{"DeleteRequest": {"Key": key}} for key in part]
            tries = 0
            while requests:
                if tries == self.retrying.attempts:
                    raise StorageBusy("BatchWriteItem: unprocessed rows", tries)
                if tries:
                    self.retrying.pause(tries - 1)
                tries += 1
                request = partial(self.client.batch_write_item, RequestItems={self.name: requests})
                answer = self._ask("BatchWriteItem", request, holding="UnprocessedItems")
                requests = answer["UnprocessedItems"].get(self.name, ())

    def _ask(self, what: str, request: Callable[[], Any], *, holding: str) -> Any:
        """The answer, which must hold this key: an empty body would pass for one."""

        def attempt() -> Any:
            answer = request()
            if holding not in answer:
                raise EmptyAnswer(what)
            return answer

        return self.retrying.call(what, attempt)

    def read_one(self, key: Row, **projection: Any) -> Row | None:
        request = partial(
            self.client.get_item, TableName=self.name, Key=key, ConsistentRead=True, **projection
        )
        row: Row | None = self.retrying.call("GetItem", request).get("Item")
        return row

    def query(self, limit: int, **query: Any) -> tuple[list[Row], bool]:
        """Up to `limit` rows, and whether there are more; see `first`."""
        # One extra row shows whether there are more.
        rows, stopped = self._pages(limit + 1, **query)
        return rows[:limit], stopped or len(rows) > limit

    def page(self, *, after: Row | None, **query: Any) -> Page:
        """The next 1 MB of a range, whatever of it passes the filter."""
        start: Mapping[str, Any] = {} if after is None else {"ExclusiveStartKey": after}
        request = {"TableName": self.name, "ReturnConsumedCapacity": "TOTAL", **query, **start}
        answer = self._ask("Query", partial(self.client.query, **request), holding="Items")
        return Page(
            rows=answer["Items"],
            rows_read=answer["ScannedCount"],
            read_units=answer["ConsumedCapacity"]["CapacityUnits"],
            last=answer.get("LastEvaluatedKey"),
        )

    def first(self, limit: int, **query: Any) -> list[Row]:
        """Up to `limit` rows of a range, from its beginning or from the row `after` on."""
        return self._pages(limit, **query)[0]

    def _pages(
        self,
        limit: int,
        *,
        after: Row | None = None,
        forward: bool = True,
        one_page: bool = False,
        **query: Any,
    ) -> tuple[list[Row], bool]:
        """The rows, across pages; and whether `one_page` ended it before the limit and the end."""
        rows: list[Row] = []
        start: Mapping[str, Any] = {} if after is None else {"ExclusiveStartKey": after}
        # A page of 1 MB may hold few rows, and one that ends early none.
        for _ in range(limit + 1):
            request = {
                "TableName": self.name,
                "Limit": limit - len(rows),
                "ScanIndexForward": forward,
                **query,
                **start,
            }
            answer = self._ask("Query", partial(self.client.query, **request), holding="Items")
            rows += answer["Items"]
            if len(rows) >= limit or not answer.get("LastEvaluatedKey"):
                return rows, False
            if one_page and rows:
                return rows, True
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        raise StorageError("Query: pages without rows that never end")

    def put(self, row: Row, **condition: Any) -> bool:
        """Write one row; False if its condition does not hold."""
        request = partial(self.client.put_item, TableName=self.name, Item=row, **condition)
        return self._under_condition("PutItem", request)

    def update(self, key: Row, **update: Any) -> bool:
        """Change one row; False if its condition does not hold."""
        request = partial(self.client.update_item, TableName=self.name, Key=key, **update)
        return self._under_condition("UpdateItem", request)

    def _under_condition(self, what: str, request: Callable[[], Any]) -> bool:
        def attempt() -> bool:
            try:
                request()
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    return False
                raise
            return True

        return self.retrying.call(what, attempt)

    def transact(self, actions: Sequence[Action], token: str) -> Conflict | None:
        """All or nothing; retried with the same token, so that it is made at most once."""
        unanswered = False

        def attempt() -> Conflict | None:
            nonlocal unanswered
            try:
                self.client.transact_write_items(TransactItems=actions, ClientRequestToken=token)
            except NO_ANSWER:
                unanswered = True
                raise
            except ClientError as error:
                unanswered = unanswered or may_have_been_made(error)
                if code_of(error) != "TransactionCanceledException":
                    raise
                return _conflict_or_raise(error, unanswered=unanswered)
            return None

        return self.retrying.call("TransactWriteItems", attempt)


def _conflict_or_raise(error: ClientError, *, unanswered: bool) -> Conflict:
    """The conflict that canceled a transaction; for any other reason, raise."""
    reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons", ())
    codes = {str(reason.get("Code")) for reason in reasons}
    if "ConditionalCheckFailed" in codes:
        # A busy row does not show whether its condition holds. If an earlier try may have been
        # committed, that row may be the one that shows it.
        if unanswered and codes & BUSY_REASONS:
            raise error
        rows = tuple(reason.get("Item") for reason in reasons)
        return Conflict(rows=rows, unanswered=unanswered)
    if not codes or not codes <= PASSING_REASONS:
        raise StorageError(f"TransactWriteItems: {error}") from error
    raise error
