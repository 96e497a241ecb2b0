"""Extend the TTL of a running job's rows; the checkpoints of passes over all jobs."""

import json
from typing import Final

from forgeledger.aws.dynamodb.attributes import Row, compact_json, number, text, ttl_of
from forgeledger.aws.dynamodb.key_ranges import prefix_end
from forgeledger.jobs.ports import Checkpoint
from forgeledger.jobs.storage.job_rows import decode_header
from forgeledger.jobs.storage.keys import (
    DUE_PREFIX,
    HEAD_SK,
    HEADER_SK,
    PROGRESS_SK,
    checkpoint_key,
    fact_sk,
    header_key,
    job_pk,
    lane_pk,
)
from forgeledger.jobs.storage.ledger_table import LedgerTable
from forgeledger.journal.model.log_row import Renewed
from forgeledger.journal.storage.keys import LOG_PREFIX
from forgeledger.journal.storage.renewal import Renewal

_FACTS_A_PAGE: Final = 100
# The header is between them; like the heads it has no TTL while its job runs.
_FACTS_TO_PROGRESS: Final = (fact_sk(0), PROGRESS_SK)
# Due rows, items and journal. The head is between them; it has no TTL while its job runs.
_DUE_TO_LOG: Final = (DUE_PREFIX, prefix_end(LOG_PREFIX))


class RetentionRows(LedgerTable):
    def renew(self, job_id: str, lane: int, after: str | None, limit: int, ttl: int) -> Renewed:
        renewal, pk = Renewal(self._table, self._new_id), lane_pk(job_id, lane)
        return renewal.renew(pk, _DUE_TO_LOG, after, limit, ttl, skipped=HEAD_SK)

    def mark_renewed(self, job_id: str, at: int, *, lost: bool) -> None:
        """Facts and progress first; then the header records that all of the job was renewed."""
        row = self._table.read_one(header_key(job_id))
        if row is None:
            return
        ttl = ttl_of(at, decode_header(row).job.spec.rules.ttl_days)
        if ttl is not None:
            self._renew_job_rows(job_id, ttl)
        values: Row = {":at": number(at)}
        assignments = "SET renewedSince = :at"
        if lost:
            assignments += ", rowsLost = :lost"
            values[":lost"] = {"BOOL": True}
        self._table.update(
            header_key(job_id),
            UpdateExpression=assignments,
            # Never backwards, and no header for a job that has expired.
            ConditionExpression="renewedSince < :at",
            ExpressionAttributeValues=values,
        )

    def _renew_job_rows(self, job_id: str, ttl: int) -> None:
        renewal, more, after = Renewal(self._table, self._new_id), True, None
        while more:
            renewed = renewal.renew(
                job_pk(job_id), _FACTS_TO_PROGRESS, after, _FACTS_A_PAGE, ttl, skipped=HEADER_SK
            )
            if renewed.error is not None:
                raise renewed.error
            more, after = renewed.after is not None, renewed.after

    def load_checkpoint(self, work: str) -> Checkpoint:
        row = self._table.read_one(checkpoint_key(work))
        return {} if row is None else dict(json.loads(row["checkpoint"]["S"]))

    def save_checkpoint(self, work: str, checkpoint: Checkpoint) -> None:
        self._table.update(
            checkpoint_key(work),
            UpdateExpression="SET checkpoint = :checkpoint",
            ExpressionAttributeValues={":checkpoint": text(compact_json(checkpoint))},
        )
