"""Explain why a job is not done: what it waits for, and which items block it."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from operator import attrgetter

from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.job_lifecycle import seals_itself, total, total_retrying
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts, Head, effective_item
from forgeledger.jobs.model.limits import SCANNED_BYTES, SCANNED_ITEMS
from forgeledger.jobs.model.scan_budget import ScanBudget
from forgeledger.jobs.ports import JobStore, JobView, LaneStore
from forgeledger.jobs.usecases.list_rejections import RejectionCount, latest_rejections
from forgeledger.jobs.usecases.load_job import require_job
from forgeledger.runtime import Runtime

_SHOWN = 10
# How many lanes are scanned at once: each may read a page more than its share.
_LANES_AT_ONCE = 8


class Cause(StrEnum):
    # The job is done.
    FINISHED = "finished"
    # More items may come: it is not sealed, and does not seal itself.
    UNSEALED = "unsealed"
    # Fewer items are known than were expected.
    ITEMS_MISSING = "items_missing"
    # Items wait for a worker.
    ITEMS_PENDING = "items_pending"
    # Items that failed have another attempt.
    ITEMS_RETRYING = "items_retrying"
    # Failed items wait for the time of their next attempt.
    ITEMS_DUE_LATER = "items_due_later"
    # Workers hold items.
    ITEMS_IN_PROGRESS = "items_in_progress"
    # Workers hold items and sent no heartbeat within the lease.
    LEASES_EXPIRED = "leases_expired"
    # The verdict is certain and the lanes are being closed.
    ENDING = "ending"
    # Lanes have not yet followed the job's life cycle.
    LANES_LAGGING = "lanes_lagging"
    # Its deadline has passed and the relay has not failed it yet.
    DEADLINE_PASSED = "deadline_passed"
    # Only the verdict is missing, which the relay gives.
    VERDICT_DUE = "verdict_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    job: Job
    counts: Counts
    # Items that failed and are not finished.
    retrying: int
    causes: tuple[Cause, ...]
    lagging_lanes: tuple[int, ...]
    # Those claimed longest ago; those whose lease is over; those due next.
    oldest_in_progress: tuple[Item, ...]
    expired_leases: tuple[Item, ...]
    due_later: tuple[Item, ...]
    expired: int
    waiting: int
    failures: tuple[tuple[str, int], ...]
    # Among the latest events; empty for a finished job.
    rejections: tuple[RejectionCount, ...]
    # How many items were read, and whether those are all that matter.
    scanned: int
    scanned_all: bool


@dataclass(frozen=True, slots=True)
class _Scan:
    items: tuple[Item, ...]
    budget: ScanBudget
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    jobs: JobStore
    lanes: LaneStore
    runtime: Runtime

    def explain(self, job_id: str) -> Explanation:
        view = require_job(self.jobs, job_id)
        now = self.runtime.clock()
        heads = [head for head in view.heads if head.counts.unfinished]
        scans = list(self._scans(heads))
        unfinished = [item for scan in scans for item in scan.items]
        claimed = [item for item in unfinished if item.state is ItemState.IN_PROGRESS]
        expired = [item for item in claimed if item.lease_until and item.lease_until <= now]
        waiting = [item for item in unfinished if item.due_at is not None and item.due_at > now]
        return Explanation(
            job=view.job,
            counts=total(view.heads),
            retrying=total_retrying(view.heads),
            causes=tuple(_causes(view, now, bool(expired), bool(waiting))),
            lagging_lanes=_lagging(view),
            oldest_in_progress=_first(claimed, "claimed_at"),
            expired_leases=_first(expired, "lease_until"),
            due_later=_first(waiting, "due_at"),
            expired=len(expired),
            waiting=len(waiting),
            failures=_failures(view.heads),
            rejections=self._rejections(view),
            scanned=sum(scan.budget.rows_read for scan in scans),
            scanned_all=all(scan.complete for scan in scans),
        )

    def _rejections(self, view: JobView) -> tuple[RejectionCount, ...]:
        return () if view.job.finished else latest_rejections(self.lanes, self.runtime, view.heads)

    def _scans(self, heads: Sequence[Head]) -> Iterator[_Scan]:
        """What one request reads is divided among the lanes that have unfinished items."""
        whole = ScanBudget(SCANNED_ITEMS, SCANNED_BYTES)
        for start in range(0, len(heads), _LANES_AT_ONCE):
            lanes = len(heads) - start
            rows, most_bytes = max(1, whole.rows_left // lanes), whole.bytes_left // lanes
            scan = partial(self._scan, rows=rows, most_bytes=most_bytes)
            for part in self.runtime.parallel(scan, heads[start : start + _LANES_AT_ONCE]):
                whole.rows_left -= part.budget.rows_read
                whole.bytes_left -= part.budget.bytes_read
                yield part

    def _scan(self, head: Head, rows: int, most_bytes: int) -> _Scan:
        """The unfinished items among the first of the lane by name."""
        unfinished: list[Item] = []
        budget = ScanBudget(rows, most_bytes)
        after, complete = None, False
        while not (complete or budget.used_up):
            page = self.lanes.list_items(
                head.job_id, head.lane, after, budget.rows(), one_page=True
            )
            unfinished += [item for item in page.items if not effective_item(head, item).finished]
            budget.spend(page.items)
            after = page.next_after
            complete = after is None or len(unfinished) >= head.counts.unfinished
        return _Scan(tuple(unfinished), budget, complete)


def _causes(view: JobView, now: int, expired: bool, waiting: bool) -> Iterable[Cause]:
    job, counts = view.job, total(view.heads)
    if job.finished:
        return [Cause.FINISHED]
    expected = job.spec.expected_items
    deadline = job.deadline_at
    holds = {
        Cause.ENDING: job.ending is not None,
        Cause.DEADLINE_PASSED: deadline is not None and deadline <= now and job.ending is None,
        Cause.LANES_LAGGING: bool(_lagging(view)),
        Cause.ITEMS_MISSING: not job.sealed and expected is not None and counts.total < expected,
        Cause.UNSEALED: not job.sealed and not seals_itself(job),
        Cause.LEASES_EXPIRED: expired,
        Cause.ITEMS_IN_PROGRESS: counts.in_progress > 0,
        Cause.ITEMS_RETRYING: total_retrying(view.heads) > 0,
        Cause.ITEMS_DUE_LATER: waiting,
        Cause.ITEMS_PENDING: counts.pending > 0,
    }
    return [cause for cause, is_true in holds.items() if is_true] or [Cause.VERDICT_DUE]


def _lagging(view: JobView) -> tuple[int, ...]:
    return tuple(head.lane for head in view.heads if head.gate < view.job.gate)


def _first(items: list[Item], time: str) -> tuple[Item, ...]:
    """The items whose field `time` is earliest."""
    return tuple(heapq.nsmallest(_SHOWN, items, key=attrgetter(time, "item_id")))


def _failures(heads: Iterable[Head]) -> tuple[tuple[str, int], ...]:
    """Failed items by type of error, most frequent first."""
    failures: Counter[str] = Counter()
    for head in heads:
        failures.update(dict(head.failures))
    return tuple((name, number) for name, number in failures.most_common() if number > 0)
