"""Giving the rows of a job that runs for long a later time to vanish."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import Row, compact_json, number, text, ttl_of
from forgeledger.aws.dynamodb.key_ranges import between
from forgeledger.aws.dynamodb.table import Table
from forgeledger.batched import batched
from forgeledger.errors import StorageError
from forgeledger.jobs.ports import Checkpoint, Renewed
from forgeledger.jobs.storage.job_rows import decode_header
from forgeledger.jobs.storage.keys import (
    FACT_PREFIX,
    HEAD_SK,
    ITEM_PREFIX,
    LOG_PREFIX,
    checkpoint_key,
    fact_sk,
    header_key,
    job_pk,
    key,
    lane_pk,
    prefix_end,
)

_FACTS_A_PAGE: Final = 100
# One by one, a million rows would take longer than they last. All that a transaction can hold
# would too often stand in the way of commits to the same items.
_ROWS_AT_ONCE: Final = 50
_REFUSALS: Final = 3


@dataclass(frozen=True, slots=True)
class RetentionRows:
    table: Table
    new_id: Callable[[], str]

    def renew_lane(
        self, job_id: str, lane: int, after: str | None, limit: int, ttl: int
    ) -> Renewed:
        """Items and journal; the head stands between them and has no ttl while its job runs."""
        pk = lane_pk(job_id, lane)
        return self._renew(pk, (ITEM_PREFIX, prefix_end(LOG_PREFIX)), after, limit, ttl)

    def renew_job(self, job_id: str, at: int, *, lost: bool) -> None:
        """The facts, and then the header's note that all of the job was renewed."""
        row = self.table.read_one(header_key(job_id))
        if row is None:
            return
        days = decode_header(row).job.spec.rules.ttl_days
        if days:
            span, ttl = (fact_sk(0), prefix_end(FACT_PREFIX)), ttl_of(at, days)
            renewed = self._renew(job_pk(job_id), span, None, _FACTS_A_PAGE, ttl)
            while renewed.after is not None and renewed.error is None:
                renewed = self._renew(job_pk(job_id), span, renewed.after, _FACTS_A_PAGE, ttl)
            if renewed.error is not None:
                raise renewed.error
        values: Row = {":at": number(at)}
        assignments = "SET renewedSince = :at"
        if lost:
            assignments += ", rowsLost = :lost"
            values[":lost"] = {"BOOL": True}
        self.table.update(
            header_key(job_id),
            UpdateExpression=assignments,
            # Never backwards, and no header for a job that has vanished.
            ConditionExpression="renewedSince < :at",
            ExpressionAttributeValues=values,
        )

    def load_checkpoint(self, work: str) -> Checkpoint:
        row = self.table.read_one(checkpoint_key(work))
        return () if row is None else tuple(json.loads(row["checkpoint"]["S"]))

    def save_checkpoint(self, work: str, checkpoint: Checkpoint) -> None:
        self.table.update(
            checkpoint_key(work),
            UpdateExpression="SET checkpoint = :checkpoint",
            ExpressionAttributeValues={":checkpoint": text(compact_json(checkpoint))},
        )

    def _renew(
        self, pk: str, span: tuple[str, str], after: str | None, limit: int, ttl: int
    ) -> Renewed:
        rows, more = self.table.query(
            limit,
            after=None if after is None else key(pk, after),
            **between(pk, *span),
            ProjectionExpression="PK, SK, #ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
        )
        # What was renewed by a run that was cut short, or written since, is left alone.
        old = [
            _later(row, ttl)
            for row in rows
            if row["SK"]["S"] != HEAD_SK and "ttl" in row and int(row["ttl"]["N"]) < ttl
        ]
        error: StorageError | None = None
        for part in batched(old, _ROWS_AT_ONCE):
            error = self._raise_ttl(part) or error
        return Renewed(after=rows[-1]["SK"]["S"] if more else None, error=error)

    def _raise_ttl(self, updates: Sequence[dict[str, Any]]) -> StorageError | None:
        actions = [{"Update": {"TableName": self.table.name, **update}} for update in updates]
        try:
            if self.table.transact(actions, self.new_id()) is None:
                return None
        except StorageError:
            # One row may be what all of them are refused for.
            pass
        return self._raise_one_by_one(updates)

    def _raise_one_by_one(self, updates: Sequence[dict[str, Any]]) -> StorageError | None:
        """Those that were written meanwhile, or have vanished, need nothing."""
        refused: list[StorageError] = []
        for update in updates:
            rest = {name: value for name, value in update.items() if name != "Key"}
            try:
                self.table.update(update["Key"], **rest)
            except StorageError as error:
                refused.append(error)
                # A table that takes no more of them is to be left alone.
                if len(refused) == _REFUSALS:
                    break
        return refused[0] if refused else None


def _later(row: Row, ttl: int) -> dict[str, Any]:
    return {
        "Key": {"PK": row["PK"], "SK": row["SK"]},
        "UpdateExpression": "SET #ttl = :ttl",
        # Never earlier, and no ttl for a row that is kept for ever or has vanished already.
        "ConditionExpression": "#ttl < :ttl",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": {":ttl": number(ttl)},
    }
