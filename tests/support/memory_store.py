"""The ledger's storage in memory."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from threading import Lock

from forgeledger.clock.model.due import SHARDS, Due
from forgeledger.jobs.model.creation import SealedCreation
from forgeledger.jobs.model.due_rows import DueKey, DueRow
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.ids import last_digit
from forgeledger.jobs.model.job_keys import KeyClaim, KeyHolder
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.progress import LookMove, Progress
from forgeledger.jobs.model.sizes import item_bytes
from forgeledger.jobs.ports import (
    Checkpoint,
    ItemPage,
    JobChange,
    JobView,
    JournalRow,
    LaneScan,
    LaneView,
)
from forgeledger.journal.model.log_row import Renewed
from tests.support.memory_keys import MemoryKeys
from tests.support.memory_lane import MemoryLane, commit_row, due_row, item_row, items_stand
from tests.support.memory_record import MemoryRecord, new_progress
from tests.support.memory_works import MemoryWorks
from tests.support.unfinished_items import scan_of

_PAGE_BYTES = 1_000_000


class MemoryStore(MemoryWorks):
    """Stores everything until the process ends, or until `delete_expired`."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._records: dict[str, MemoryRecord] = {}
        self._checkpoints: dict[str, Checkpoint] = {}
        self._keys = MemoryKeys()

    def load_lane(
        self, job_id: str, lane: int, item_ids: Sequence[str], *, with_job: bool = False
    ) -> LaneView | None:
        with self._lock:
            record, stored = self._records.get(job_id), self._lane(job_id, lane)
            if record is None or stored is None:
                return None
            items = {name: stored.items[name] for name in item_ids if name in stored.items}
            return LaneView(head=stored.head, items=items, job=record.job if with_job else None)

    def commit_lane(
        self,
        commit: Commit,
        commit_id: str,
        *,
        reopening: JobChange | None = None,
        running: Job | None = None,
    ) -> bool:
        before = commit.before
        with self._lock:
            record = self._records.get(before.job_id)
            stored = self._lane(before.job_id, before.lane)
            if record is None or stored is None:
                return False
            if stored.commit_ids.get(before.offset) == commit_id:
                return True
            if stored.head.offset != before.offset or not items_stand(stored, commit):
                return False
            if running is not None and record.job.facts != running.facts:
                return False
            if reopening is not None and not self._keys.apply(record, reopening):
                return False
            stored.apply(commit)
            stored.commit_ids[before.offset] = commit_id
            return True

    def create_job(
        self,
        job: Job,
        heads: Sequence[Head],
        fact: Fact,
        look_at: int | None = None,
        claim: KeyClaim | None = None,
    ) -> bool:
        with self._lock:
            if not self._keys.claim(self._records, job, claim):
                return False
            lanes = tuple(MemoryLane(head) for head in heads)
            progress = new_progress(job, look_at)
            self._records[job.job_id] = MemoryRecord(job, lanes, [fact], progress)
            return True

    def create_sealed_job(
        self,
        creation: SealedCreation,
        look_at: int | None = None,
        claim: KeyClaim | None = None,
    ) -> bool:
        with self._lock:
            job = creation.job
            if not self._keys.claim(self._records, job, claim):
                return False
            lanes = tuple(MemoryLane(head) for head in creation.heads)
            for lane, commit in zip(lanes, creation.commits, strict=True):
                lane.apply(commit)
            progress = new_progress(job, look_at)
            self._records[job.job_id] = MemoryRecord(job, lanes, list(creation.facts), progress)
            return True

    def load_job(self, job_id: str) -> JobView | None:
        with self._lock:
            record = self._records.get(job_id)
            return None if record is None else record.view(*(lane.head for lane in record.lanes))

    def commit_job(self, change: JobChange) -> bool:
        with self._lock:
            record = self._records.get(change.before.job_id)
            return record is not None and self._keys.apply(record, change)

    def key_holder(self, client_id: str, job_key: str) -> KeyHolder | None:
        with self._lock:
            return self._keys.holders.get((client_id, job_key))

    def roll_up(self, job: Job, progress: Progress, move: LookMove | None = None) -> bool:
        with self._lock:
            record = self._records.get(job.job_id)
            if record is None or progress.offsets < record.progress.offsets:
                return False
            stored = record.progress
            look_at = stored.wake_at
            if move is not None:
                if move.before != stored.wake_at or job.facts < record.facts_known:
                    return False
                look_at, record.facts_known = move.after, job.facts
            counts = stored if move is not None and move.alone else progress
            record.progress = replace(counts, wake_at=look_at)
            return True

    def find_due(self, shard: int, until: int, limit: int) -> Sequence[Due]:
        with self._lock:
            times = [
                (record.progress.wake_at, job_id)
                for job_id, record in self._records.items()
                if record.progress.wake_at is not None and last_digit(job_id) % SHARDS == shard
            ]
        due = [Due(pk=f"JOB#{job_id}", at=at) for at, job_id in sorted(times) if at <= until]
        return due[:limit]

    def mark_published(self, job_id: str, published: int, *, done: bool) -> None:
        with self._lock:
            record = self._records.get(job_id)
            if record is not None:
                record.published = max(record.published, published)
                record.open = record.open and not (done and record.job.facts == published)

    def list_open(self, after: str | None, limit: int) -> tuple[tuple[str, ...], str | None]:
        with self._lock:
            open_ids = [job_id for job_id, record in self._records.items() if record.open]
        start = (0, "") if after is None else _in_shards(after)
        rest = sorted((job_id for job_id in open_ids if _in_shards(job_id) > start), key=_in_shards)
        page = tuple(rest[:limit])
        return page, page[-1] if len(rest) > limit else None

    def list_jobs(
        self,
        status: JobStatus | None,
        tag: str | None,
        before: str | None,
        limit: int,
        *,
        name: str | None = None,
    ) -> tuple[tuple[JobView, ...], str | None]:
        with self._lock:
            views = [
                record.view()
                for job_id, record in sorted(self._records.items(), reverse=True)
                if (before is None or job_id < before)
                and (status is None or record.job.status is status)
                and (tag is None or tag in record.job.spec.tags)
                and (name is None or record.job.spec.is_named(name))
            ]
        page = tuple(views[:limit])
        return page, page[-1].job.job_id if len(views) > limit else None

    def list_items(
        self, job_id: str, lane: int, after: str | None, limit: int, *, one_page: bool = False
    ) -> ItemPage:
        with self._lock:
            stored = self._lane(job_id, lane)
            items = {} if stored is None else dict(stored.items)
        names = sorted(name for name in items if after is None or name > after)
        page = tuple(items[name] for name in names[:limit])
        if one_page:
            read = accumulate(map(item_bytes, page))
            page = page[: 1 + sum(total < _PAGE_BYTES for total in read)]
        return ItemPage(items=page, next_after=page[-1].item_id if len(page) < len(names) else None)

    def scan_items(self, head: Head, after: str | None, now: int, *, consistent: bool) -> LaneScan:
        page = self.list_items(head.job_id, head.lane, after, _PAGE_BYTES, one_page=True)
        return scan_of(head, page, now, consistent=consistent)

    def read_journal(
        self, job_id: str, lane: int, offset: int, limit: int
    ) -> tuple[JournalRow, ...]:
        with self._lock:
            stored = self._lane(job_id, lane)
            rows = () if stored is None else tuple(stored.rows)
        return tuple(row for row in rows if row.end > offset)[:limit]

    def journal_time(self, job_id: str, lane: int, offset: int) -> int:
        with self._lock:
            stored = self._lane(job_id, lane)
            rows = [] if stored is None else [row for row in stored.rows if row.offset <= offset]
        return rows[-1].entries[0].at if rows else 0

    def list_due(self, job_id: str, lane: int, limit: int) -> tuple[DueRow, ...]:
        with self._lock:
            stored = self._lane(job_id, lane)
            due_rows = {} if stored is None else dict(stored.due_rows)
        return tuple(due_rows[key] for key in sorted(due_rows)[:limit])

    def read_due(self, keys: Sequence[DueKey]) -> tuple[tuple[int, DueRow], ...]:
        with self._lock:
            found = [(key, self._lane(key.job_id, key.lane)) for key in keys]
            return tuple(
                (key.lane, lane.due_rows[key.due_at, key.offset])
                for key, lane in found
                if lane is not None and (key.due_at, key.offset) in lane.due_rows
            )

    def delete_due(self, keys: Sequence[DueKey]) -> None:
        with self._lock:
            for key in keys:
                stored = self._lane(key.job_id, key.lane)
                if stored is not None:
                    stored.due_rows.pop((key.due_at, key.offset), None)

    def read_facts(self, job_id: str, number: int, limit: int) -> tuple[Fact, ...]:
        with self._lock:
            record = self._records.get(job_id)
            return () if record is None else tuple(record.facts[number : number + limit])

    def renew(self, job_id: str, lane: int, after: str | None, limit: int, ttl: int) -> Renewed:
        with self._lock:
            stored = self._lane(job_id, lane)
            if stored is None:
                return Renewed(after=None)
            names = [due_row(*key) for key in sorted(stored.due_rows)]
            names += [item_row(item_id) for item_id in sorted(stored.items)]
            names += [commit_row(row.offset) for row in stored.rows]
            rest = [name for name in names if after is None or name > after]
            for name in rest[:limit]:
                if name in stored.ttls:
                    stored.ttls[name] = max(ttl, stored.ttls[name])
        return Renewed(after=rest[limit - 1] if len(rest) > limit else None)

    def mark_renewed(self, job_id: str, at: int, *, lost: bool) -> None:
        with self._lock:
            record = self._records.get(job_id)
            if record is not None and record.job.renewed_since < at:
                lost = lost or record.job.rows_lost
                record.job = replace(record.job, renewed_since=at, rows_lost=lost)

    def load_checkpoint(self, work: str) -> Checkpoint:
        with self._lock:
            return self._checkpoints.get(work, {})

    def save_checkpoint(self, work: str, checkpoint: Checkpoint) -> None:
        with self._lock:
            self._checkpoints[work] = checkpoint

    def delete_expired(self, now_ms: int) -> None:
        """Delete the items and commits whose TTL has passed, as DynamoDB does."""
        with self._lock:
            for record in self._records.values():
                for lane in record.lanes:
                    lane.delete_expired(now_ms // 1_000)

    def _lane(self, job_id: str, lane: int) -> MemoryLane | None:
        lanes = self._records[job_id].lanes if job_id in self._records else ()
        return lanes[lane] if 0 <= lane < len(lanes) else None


def _in_shards(job_id: str) -> tuple[int, str]:
    """The order of open jobs: shard by shard, as the index has them."""
    return last_digit(job_id) % 16, job_id
