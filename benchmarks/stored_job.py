"""A job read from its rows in the table, so that an audit does not depend on the ledger's reads.

The engine evaluates a Query's KeyConditionExpression on every row of the partition, for each page
anew: reading a large job in pages, as the ledger does, would take hours. The older KeyConditions
are not evaluated that way, so a lane is read whole with them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.ports import JournalRow
from forgeledger.jobs.storage.head_rows import decode_head
from forgeledger.jobs.storage.item_rows import decode_item
from forgeledger.jobs.storage.job_rows import decode_fact, decode_header
from forgeledger.jobs.storage.journal_rows import decode_journal_row
from forgeledger.jobs.storage.keys import (
    FACT_PREFIX,
    HEAD_SK,
    HEADER_SK,
    ITEM_PREFIX,
    job_pk,
    lane_pk,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLane:
    head: Head
    items: Sequence[Item]
    rows: Sequence[JournalRow]

    @property
    def events(self) -> Iterator[tuple[int, Event]]:
        """The journal's events with their offsets."""
        for row in self.rows:
            yield from enumerate(row.entries, row.offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredJob:
    header: Job
    facts: Sequence[Fact]
    lanes: Sequence[StoredLane]

    @property
    def events(self) -> Iterator[Event]:
        return (event for lane in self.lanes for _, event in lane.events)


def stored_job(client: Any, table: str, job_id: str) -> StoredJob:
    """The whole job, which has to fit into memory."""
    rows = {row["SK"]["S"]: row for row in _partition(client, table, job_pk(job_id))}
    facts = [row for name, row in rows.items() if name.startswith(FACT_PREFIX)]
    return StoredJob(
        header=decode_header(rows[HEADER_SK]).job,
        facts=[decode_fact(fact) for fact in facts],
        lanes=list(stored_lanes(client, table, job_id)),
    )


def stored_lanes(client: Any, table: str, job_id: str) -> Iterator[StoredLane]:
    """Lane by lane, so that no more than one lane is in memory."""
    lanes = lanes_of(job_id)
    assert lanes is not None, job_id
    for lane in range(lanes):
        yield _decode(_partition(client, table, lane_pk(job_id, lane)))


def _partition(client: Any, table: str, pk: str) -> Iterator[Row]:
    in_partition = {"PK": {"AttributeValueList": [{"S": pk}], "ComparisonOperator": "EQ"}}
    pages = client.get_paginator("query").paginate(
        TableName=table, KeyConditions=in_partition, ConsistentRead=True
    )
    for page in pages:
        yield from page["Items"]


def _decode(partition: Iterator[Row]) -> StoredLane:
    heads: list[Head] = []
    items: list[Item] = []
    rows: list[JournalRow] = []
    for row in partition:
        sort_key = row["SK"]["S"]
        if sort_key == HEAD_SK:
            heads.append(decode_head(row))
        elif sort_key.startswith(ITEM_PREFIX):
            items.append(decode_item(row))
        else:
            rows.append(decode_journal_row(row))
    (head,) = heads
    return StoredLane(head=head, items=items, rows=rows)
