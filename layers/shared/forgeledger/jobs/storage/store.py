"""The ledger's storage in one DynamoDB table: each access pattern, each condition."""

from collections.abc import Callable, Sequence

from forgeledger.aws.dynamodb.attributes import Row, number, text
from forgeledger.aws.dynamodb.key_ranges import between
from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.aws.dynamodb.table import Client, Conflict, Table
from forgeledger.errors import StorageCorrupt
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.ports import (
    Checkpoint,
    ItemPage,
    JobChange,
    JobView,
    JournalRow,
    LaneView,
    Progress,
    Renewed,
)
from forgeledger.jobs.storage.head_rows import commit_id_of, decode_head, head_offset
from forgeledger.jobs.storage.item_rows import decode_item
from forgeledger.jobs.storage.job_index import JobIndex
from forgeledger.jobs.storage.job_rows import decode_fact, decode_header, encode_progress
from forgeledger.jobs.storage.job_writes import (
    FACT_ACTION,
    change_actions,
    creation_actions,
)
from forgeledger.jobs.storage.journal_rows import decode_journal_row
from forgeledger.jobs.storage.keys import (
    FACT_PREFIX,
    HEAD_SK,
    HEADER_SK,
    ITEM_PREFIX,
    LOG_PREFIX,
    fact_sk,
    head_key,
    header_key,
    item_sk,
    job_pk,
    key,
    lane_pk,
    log_sk,
    prefix_end,
)
from forgeledger.jobs.storage.lane_writes import HEAD_ACTION, lane_actions, running_check
from forgeledger.jobs.storage.retention import RetentionRows
from forgeledger.runtime import new_id


class DynamoStore:
    """Holds nothing but its client, so that threads may share it."""

    def __init__(
        self,
        client: Client,
        table_name: str,
        *,
        retrying: Retrying | None = None,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self._table = Table(client, table_name, retrying or Retrying())
        self._listing = JobIndex(self._table)
        self._keeping = RetentionRows(self._table, new_id)
        self._new_id = new_id

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
        """Whether what stands in the way is the same commit, made by a try without an answer."""
        before = commit.before
        row = conflict.rows[HEAD_ACTION]
        if row is None:
            return False
        if commit_id_of(row) == commit_id:
            return True
        if not conflict.unanswered or head_offset(row) <= before.offset:
            return False
        # Somebody else has committed since. The journal keeps who was at our offset.
        found = self._table.read_one(
            key(lane_pk(before.job_id, before.lane), log_sk(before.offset)),
            ProjectionExpression="commitId",
        )
        return found is not None and commit_id_of(found) == commit_id

    def create_job(self, job: Job, heads: Sequence[Head], fact: Fact) -> None:
        # A conflict says that the job is there already.
        commit_id = self._new_id()
        actions = creation_actions(self._table.name, job, heads, fact, commit_id)
        self._table.transact(actions, commit_id)

    def load_job(self, job_id: str) -> JobView | None:
        lanes = lanes_of(job_id)
        if lanes is None:
            return None
        header: Row | None = None
        heads: list[Head] = []
        keys = [header_key(job_id), *(head_key(job_id, lane) for lane in range(lanes))]
        for row in self._table.read(keys):
            if row["SK"]["S"] == HEADER_SK:
                header = row
            else:
                heads.append(decode_head(row))
        if header is None:
            return None
        view = decode_header(header, tuple(sorted(heads, key=lambda head: head.lane)))
        if len(heads) == lanes:
            return view
        if view.job.finished:
            # Its time is over, and its rows vanish one by one.
            return None
        raise StorageCorrupt(f"JOB#{job_id}", f"{lanes - len(heads)} of {lanes} heads are missing")

    def commit_job(self, change: JobChange) -> bool:
        commit_id = self._new_id()
        actions = change_actions(self._table.name, change, commit_id)
        conflict = self._table.transact(actions, commit_id)
        if conflict is None:
            return True
        fact = conflict.rows[FACT_ACTION]
        return fact is not None and commit_id_of(fact) == commit_id

    def roll_up(self, job_id: str, progress: Progress) -> bool:
        return self._table.update(
            header_key(job_id),
            UpdateExpression="SET progress = :progress, progressOffsets = :offsets",
            # Never backwards. A header that has vanished has no offsets and stays away.
            ConditionExpression="progressOffsets <= :offsets",
            ExpressionAttributeValues={
                ":progress": text(encode_progress(progress)),
                ":offsets": number(progress.offsets),
            },
        )

    def mark_published(self, job_id: str, published: int, *, done: bool) -> None:
        values = {":published": number(published)}
        if done and self._table.update(
            header_key(job_id),
            UpdateExpression="SET published = :published REMOVE #open",
            # A fact that came since is still to be told, so the job has to stay open.
            ConditionExpression="published <= :published AND facts = :published",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=values,
        ):
            return
        self._table.update(
            header_key(job_id),
            UpdateExpression="SET published = :published",
            # Never backwards, and no header for a job that has vanished.
            ConditionExpression="published < :published",
            ExpressionAttributeValues=values,
        )

    def list_open(self, after: str | None, limit: int) -> tuple[tuple[str, ...], str | None]:
        return self._listing.open(after, limit)

    def list_jobs(
        self, status: JobStatus | None, tag: str | None, before: str | None, limit: int
    ) -> tuple[tuple[JobView, ...], str | None]:
        return self._listing.jobs(status, tag, before, limit)

    def list_items(self, job_id: str, lane: int, after: str | None, limit: int) -> ItemPage:
        pk = lane_pk(job_id, lane)
        rows, more = self._table.query(
            limit,
            after=None if after is None else key(pk, item_sk(after)),
            **between(pk, ITEM_PREFIX, prefix_end(ITEM_PREFIX)),
        )
        items = tuple(decode_item(row) for row in rows)
        return ItemPage(items=items, next_after=items[-1].item_id if more else None)

    def read_journal(
        self, job_id: str, lane: int, offset: int, limit: int
    ) -> tuple[JournalRow, ...]:
        pk = lane_pk(job_id, lane)
        rows, _ = self._table.query(limit, **between(pk, log_sk(offset), prefix_end(LOG_PREFIX)))
        found = [decode_journal_row(row) for row in rows]
        if offset > 0 and not (found and found[0].offset == offset):
            # The offset is within a commit, whose row is named by its first event.
            earlier, _ = self._table.query(
                1, forward=False, **between(pk, log_sk(0), log_sk(offset - 1))
            )
            for row in map(decode_journal_row, earlier):
                if row.offset + len(row.events) > offset:
                    found.insert(0, row)
        return tuple(found[:limit])

    def read_facts(self, job_id: str, number: int, limit: int) -> tuple[Fact, ...]:
        rows, _ = self._table.query(
            limit, **between(job_pk(job_id), fact_sk(number), prefix_end(FACT_PREFIX))
        )
        return tuple(decode_fact(row) for row in rows)

    def renew(self, job_id: str, lane: int, after: str | None, limit: int, ttl: int) -> Renewed:
        return self._keeping.renew_lane(job_id, lane, after, limit, ttl)

    def mark_renewed(self, job_id: str, at: int, *, lost: bool) -> None:
        self._keeping.renew_job(job_id, at, lost=lost)

    def load_checkpoint(self, work: str) -> Checkpoint:
        return self._keeping.load_checkpoint(work)

    def save_checkpoint(self, work: str, checkpoint: Checkpoint) -> None:
        self._keeping.save_checkpoint(work, checkpoint)
