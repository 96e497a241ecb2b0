"""Due rows of a lane: when its pending items may be handed out, in the order of time."""

from collections.abc import Sequence

from forgeledger.aws.dynamodb.attributes import Row, decoder, number, numbers, text
from forgeledger.aws.dynamodb.key_ranges import between, key, prefix_end
from forgeledger.jobs.model.due_rows import DueKey, DueRow
from forgeledger.jobs.storage.keys import DUE_PREFIX, due_sk, lane_of_pk, lane_pk
from forgeledger.jobs.storage.ledger_table import LedgerTable


class DynamoDueRows(LedgerTable):
    def list_due(self, job_id: str, lane: int, limit: int) -> Sequence[DueRow]:
        pk = lane_pk(job_id, lane)
        rows = self._table.first(limit, **between(pk, DUE_PREFIX, prefix_end(DUE_PREFIX)))
        return tuple(map(decode_due_row, rows))

    def read_due(self, keys: Sequence[DueKey]) -> Sequence[tuple[int, DueRow]]:
        rows = self._table.read([_row_key(due) for due in keys])
        return tuple((lane_of_pk(row["PK"]["S"]), decode_due_row(row)) for row in rows)

    def delete_due(self, keys: Sequence[DueKey]) -> None:
        self._table.delete([_row_key(due) for due in keys])


def _row_key(due: DueKey) -> Row:
    return key(lane_pk(due.job_id, due.lane), due_sk(due.due_at, due.offset))


def encode_due_row(pk: str, due: DueRow, ttl: int | None) -> Row:
    return {
        **key(pk, due_sk(due.due_at, due.offset)),
        "itemId": text(due.item_id),
        "attempt": number(due.attempt),
        **numbers(ttl=ttl),
    }


@decoder
def decode_due_row(row: Row) -> DueRow:
    due_at, offset = row["SK"]["S"].removeprefix(DUE_PREFIX).split("#")
    return DueRow(
        due_at=int(due_at),
        offset=int(offset),
        item_id=row["itemId"]["S"],
        attempt=int(row["attempt"]["N"]),
    )
