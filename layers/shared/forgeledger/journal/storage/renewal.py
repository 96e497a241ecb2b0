"""Give rows a later TTL, many in one transaction where that works."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import Row, number
from forgeledger.aws.dynamodb.key_ranges import between, key
from forgeledger.aws.dynamodb.table import Table
from forgeledger.batched import batched
from forgeledger.errors import StorageError
from forgeledger.journal.model.log_row import Renewed

# One by one, a million rows would take longer than they last. As many as a transaction can hold
# would conflict too often with commits to the same rows.
_ROWS_AT_ONCE: Final = 50
_REFUSALS: Final = 3


@dataclass(frozen=True, slots=True)
class Renewal:
    table: Table
    new_id: Callable[[], str]

    def renew(
        self,
        pk: str,
        span: tuple[str, str],
        after: str | None,
        limit: int,
        ttl: int,
        *,
        skipped: str = "",
    ) -> Renewed:
        """Up to `limit` rows of a range of sort keys, without the row `skipped`."""
        rows, more = self.table.query(
            limit,
            after=None if after is None else key(pk, after),
            **between(pk, *span),
            ProjectionExpression="PK, SK, #ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
        )
        # Rows that an interrupted pass renewed, or that were written since, need nothing.
        old = [
            _later(row, ttl)
            for row in rows
            if row["SK"]["S"] != skipped and "ttl" in row and int(row["ttl"]["N"]) < ttl
        ]
        error: StorageError | None = None
        for updates in batched(old, _ROWS_AT_ONCE):
            error = self._raise_ttl(updates) or error
        return Renewed(after=rows[-1]["SK"]["S"] if more else None, error=error)

    def _raise_ttl(self, updates: Sequence[dict[str, Any]]) -> StorageError | None:
        actions = [{"Update": {"TableName": self.table.name, **update}} for update in updates]
        try:
            if self.table.transact(actions, self.new_id()) is None:
                return None
        except StorageError:
            # Perhaps because of a single row.
            pass
        return self._raise_one_by_one(updates)

    def _raise_one_by_one(self, updates: Sequence[dict[str, Any]]) -> StorageError | None:
        """Rows that were written meanwhile, or have expired, need nothing."""
        refused: list[StorageError] = []
        for update in updates:
            rest = {name: update[name] for name in update if name != "Key"}
            try:
                self.table.update(update["Key"], **rest)
            except StorageError as error:
                refused.append(error)
                # A table that accepts no more of them is not to be loaded further.
                if len(refused) == _REFUSALS:
                    break
        return refused[0] if refused else None


def _later(row: Row, ttl: int) -> dict[str, Any]:
    return {
        "Key": {"PK": row["PK"], "SK": row["SK"]},
        "UpdateExpression": "SET #ttl = :ttl",
        # Never earlier, and no TTL for a row that never expires or is gone already.
        "ConditionExpression": "#ttl < :ttl",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": {":ttl": number(ttl)},
    }
