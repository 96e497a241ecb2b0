"""A lane in the table: head, items and journal."""

from collections.abc import Sequence

from forgeledger.aws.dynamodb.attributes import optional_number
from forgeledger.aws.dynamodb.key_ranges import between, key, prefix_end
from forgeledger.aws.dynamodb.table import Conflict
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.ports import ItemPage, JobChange, JournalRow, LaneScan, LaneView
from forgeledger.jobs.storage.head_rows import commit_id_of, decode_head
from forgeledger.jobs.storage.item_rows import decode_item
from forgeledger.jobs.storage.job_rows import decode_header
from forgeledger.jobs.storage.job_writes import change_actions
from forgeledger.jobs.storage.journal_rows import decode_journal_row
from forgeledger.jobs.storage.keys import (
    HEAD_SK,
    HEADER_SK,
    ITEM_PREFIX,
    head_key,
    header_key,
    item_id_of,
    item_sk,
    lane_pk,
)
from forgeledger.jobs.storage.lane_writes import HEAD_ACTION, lane_actions, running_check
from forgeledger.jobs.storage.ledger_table import LedgerTable
from forgeledger.jobs.storage.unfinished_items import decode_unfinished, unfinished_items
from forgeledger.journal.storage.keys import log_sk
from forgeledger.journal.storage.log_reader import read_rows, read_time


class DynamoLaneStore(LedgerTable):
    def load_lane(
        self, job_id: str, lane: int, item_ids: Sequence[str], *, with_job: bool = False
    ) -> LaneView | None:
        lanes = lanes_of(job_id)
        if lanes is None or not 0 <= lane < lanes:
            return None
        pk = lane_pk(job_id, lane)
        keys = [head_key(job_id, lane)]
        if with_job:
            keys.append(header_key(job_id))
        keys += [key(pk, item_sk(item_id)) for item_id in dict.fromkeys(item_ids)]
        head: Head | None = None
        job: Job | None = None
        items: dict[str, Item] = {}
        for row in self._table.read(keys):
            name = row["SK"]["S"]
            if name == HEAD_SK:
                head = decode_head(row)
            elif name == HEADER_SK:
                job = decode_header(row).job
            else:
                item = decode_item(row)
                items[item.item_id] = item
        if head is None or (with_job and job is None):
            return None
        return LaneView(head=head, items=items, job=job)

    def commit_lane(
        self,
        commit: Commit,
        commit_id: str,
        *,
        reopening: JobChange | None = None,
        running: Job | None = None,
    ) -> bool:
        actions = lane_actions(self._table.name, commit, commit_id)
        if reopening is not None:
            actions += change_actions(self._table.name, reopening, commit_id)
        elif running is not None:
            actions.append(running_check(self._table.name, running))
        conflict = self._table.transact(actions, commit_id)
        return conflict is None or self._was_made(commit, commit_id, conflict)

    def _was_made(self, commit: Commit, commit_id: str, conflict: Conflict) -> bool:
        """Whether the conflict is with this very commit, made by a try whose answer was lost."""
        before = commit.before
        row = conflict.rows[HEAD_ACTION]
        if row is None:
            return False
        if commit_id_of(row) == commit_id:
            return True
        if not conflict.unanswered or (optional_number(row, "offset") or 0) <= before.offset:
            return False
        # Another commit came since; the journal shows whose commit has our offset.
        later = self._table.read_one(
            key(lane_pk(before.job_id, before.lane), log_sk(before.offset)),
            ProjectionExpression="commitId",
        )
        return later is not None and commit_id_of(later) == commit_id

    def list_items(
        self, job_id: str, lane: int, after: str | None, limit: int, *, one_page: bool = False
    ) -> ItemPage:
        pk = lane_pk(job_id, lane)
        rows, more = self._table.query(
            limit,
            after=None if after is None else key(pk, item_sk(after)),
            one_page=one_page,
            **between(pk, ITEM_PREFIX, prefix_end(ITEM_PREFIX)),
        )
        items = tuple(decode_item(row) for row in rows)
        return ItemPage(items=items, next_after=items[-1].item_id if more else None)

    def scan_items(self, head: Head, after: str | None, now: int, *, consistent: bool) -> LaneScan:
        pk = lane_pk(head.job_id, head.lane)
        page = self._table.page(
            after=None if after is None else key(pk, item_sk(after)),
            **unfinished_items(pk, head.canceled_below, now),
            ConsistentRead=consistent,
        )
        return LaneScan(
            items=tuple(decode_unfinished(row) for row in page.rows),
            items_scanned=page.rows_read,
            read_units=page.read_units,
            next_after=None if page.last is None else item_id_of(page.last),
        )

    def read_journal(
        self, job_id: str, lane: int, offset: int, limit: int
    ) -> tuple[JournalRow, ...]:
        return read_rows(self._table, lane_pk(job_id, lane), offset, limit, decode_journal_row)

    def journal_time(self, job_id: str, lane: int, offset: int) -> int:
        return read_time(self._table, lane_pk(job_id, lane), offset)
