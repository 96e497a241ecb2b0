"""Read a log's rows in order, without a gap."""

from collections.abc import Callable
from typing import TypeVar

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.aws.dynamodb.key_ranges import between, prefix_end
from forgeledger.aws.dynamodb.table import Table
from forgeledger.journal.model.log_row import LogRow
from forgeledger.journal.storage.keys import LOG_PREFIX, log_sk

Entry = TypeVar("Entry")


def read_rows(
    table: Table, pk: str, offset: int, limit: int, decode: Callable[[Row], LogRow[Entry]]
) -> tuple[LogRow[Entry], ...]:
    """Up to `limit` rows from the one that holds this offset on; strongly consistent."""
    found = [
        decode(row)
        for row in table.first(limit, **between(pk, log_sk(offset), prefix_end(LOG_PREFIX)))
    ]
    if offset > 0 and not (found and found[0].offset == offset):
        # The offset is within a row, which is named by its first entry.
        earlier = table.first(1, forward=False, **between(pk, log_sk(0), log_sk(offset - 1)))
        found[:0] = [row for row in map(decode, earlier) if row.end > offset]
    return tuple(found[:limit])


def read_time(table: Table, pk: str, offset: int) -> int:
    """The time of the last row that begins at this offset or before it; 0 if there is none."""
    rows = table.first(
        1,
        forward=False,
        **between(pk, log_sk(0), log_sk(offset)),
        ProjectionExpression="#at",
        ExpressionAttributeNames={"#at": "at"},
    )
    return int(rows[0]["at"]["N"]) if rows else 0
