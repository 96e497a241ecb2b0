"""Giving the rows of a job that runs for long a later time to vanish."""

from dataclasses import dataclass
from typing import Final

from forgeledger.adapters.dynamodb.attributes import number, ttl_of
from forgeledger.adapters.dynamodb.job_rows import decode_header
from forgeledger.adapters.dynamodb.keys import (
    FACT_PREFIX,
    HEAD_SK,
    ITEM_PREFIX,
    LOG_PREFIX,
    Row,
    fact_sk,
    header_key,
    job_pk,
    key,
    lane_pk,
    prefix_end,
)
from forgeledger.adapters.dynamodb.ranges import between
from forgeledger.adapters.dynamodb.table import Table

_FACTS_A_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Keeping:
    table: Table

    def renew_lane(
        self, job_id: str, lane: int, after: str | None, limit: int, ttl: int
    ) -> str | None:
        """Items and journal; the head stands between them and has no ttl while its job runs."""
        pk = lane_pk(job_id, lane)
        return self._renew(pk, (ITEM_PREFIX, prefix_end(LOG_PREFIX)), after, limit, ttl)

    def renew_job(self, job_id: str, at: int) -> None:
        """The facts, and then the header's note that all of the job was renewed."""
        row = self.table.read_one(header_key(job_id))
        if row is None:
            return
        days = decode_header(row).job.spec.rules.ttl_days
        if days:
            span, ttl = (fact_sk(0), prefix_end(FACT_PREFIX)), ttl_of(at, days)
            after = self._renew(job_pk(job_id), span, None, _FACTS_A_PAGE, ttl)
            while after is not None:
                after = self._renew(job_pk(job_id), span, after, _FACTS_A_PAGE, ttl)
        self.table.update(
            header_key(job_id),
            UpdateExpression="SET keptSince = :at",
            # Never backwards, and no header for a job that has vanished.
            ConditionExpression="keptSince < :at",
            ExpressionAttributeValues={":at": number(at)},
        )

    def _renew(
        self, pk: str, span: tuple[str, str], after: str | None, limit: int, ttl: int
    ) -> str | None:
        rows, more = self.table.query(
            limit,
            after=None if after is None else key(pk, after),
            **between(pk, *span),
            ProjectionExpression="PK, SK, #ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
        )
        for row in rows:
            # What was renewed by a run that was cut short, or written since, is left alone.
            if row["SK"]["S"] != HEAD_SK and "ttl" in row and int(row["ttl"]["N"]) < ttl:
                self._raise_ttl(row, ttl)
        return rows[-1]["SK"]["S"] if more else None

    def _raise_ttl(self, row: Row, ttl: int) -> None:
        self.table.update(
            {"PK": row["PK"], "SK": row["SK"]},
            UpdateExpression="SET #ttl = :ttl",
            # Never earlier, and no ttl for a row that is kept for ever or has vanished already.
            ConditionExpression="#ttl < :ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":ttl": number(ttl)},
        )
