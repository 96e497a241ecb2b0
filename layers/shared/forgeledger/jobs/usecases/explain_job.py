"""Explain why a job is not done: what it waits for, and which items block it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.job_lifecycle import seals_itself, total, total_retrying
from forgeledger.jobs.model.job_scan import BEGINNING, FirstItems, ScanPosition, ScanTally
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts, effective_item
from forgeledger.jobs.ports import JobStore, JobView, LaneStore
from forgeledger.jobs.usecases.list_rejections import RejectionCount, latest_rejections
from forgeledger.jobs.usecases.load_job import require_job, require_lane
from forgeledger.jobs.usecases.scan_lanes import LaneScanner
from forgeledger.runtime import HasTime, Runtime, no_deadline

_ItemsById = Mapping[str, Item]


class Cause(StrEnum):
    # The job is done.
    FINISHED = "finished"
    # It waits for its start.
    SCHEDULED = "scheduled"
    # It grants no claims until it is resumed.
    PAUSED = "paused"
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
    # Items that were canceled with the job are still being resumed.
    RESUMING = "resuming"
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
    # Among the scanned items: those claimed longest ago; those whose lease is over; those due next.
    oldest_in_progress: tuple[Item, ...]
    expired_leases: tuple[Item, ...]
    due_later: tuple[Item, ...]
    expired: int
    waiting: int
    # Failed items by type of error; and scanned ones that failed before and are not finished.
    failures: tuple[tuple[str, int], ...]
    retries: tuple[tuple[str, int], ...]
    # Among the latest events; of a finished job, among those after its end.
    rejections: tuple[RejectionCount, ...]
    items_scanned: int
    # Where to continue if a bound was reached; None if all items that matter were looked at.
    following: ScanPosition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    jobs: JobStore
    lanes: LaneStore
    runtime: Runtime

    def explain(
        self,
        job_id: str,
        position: ScanPosition = BEGINNING,
        has_time: HasTime = no_deadline,
    ) -> Explanation:
        view = require_job(self.jobs, job_id)
        rejections = latest_rejections(self.lanes, self.runtime, view)
        scanner = LaneScanner(lanes=self.lanes, runtime=self.runtime)
        tally, following = scanner.scan(view.heads, position, has_time)
        shown = self._shown(view, tally)
        now = self.runtime.clock()
        return Explanation(
            job=view.job,
            counts=total(view.heads),
            retrying=total_retrying(view.heads),
            causes=tuple(_causes(view, now, tally)),
            lagging_lanes=_lagging(view),
            oldest_in_progress=_still(
                tally.in_progress, shown, lambda item: item.state is ItemState.IN_PROGRESS
            ),
            expired_leases=_still(
                tally.expired, shown, lambda item: (item.lease_until or now + 1) <= now
            ),
            due_later=_still(tally.due_later, shown, lambda item: (item.due_at or 0) > now),
            expired=tally.expired.count,
            waiting=tally.due_later.count,
            failures=_most_frequent(head.failures for head in view.heads),
            retries=_most_frequent([tally.retries]),
            rejections=rejections,
            items_scanned=tally.items_scanned,
            following=following,
        )

    def _shown(self, view: JobView, tally: ScanTally) -> _ItemsById:
        """The few items that are shown, read strongly: the scan may have seen earlier versions."""
        job_id, by_lane = view.job.job_id, dict[int, list[str]]()
        for item_id in sorted(tally.shown()):
            by_lane.setdefault(lane_of(item_id, len(view.heads)), []).append(item_id)

        def read(lane: int) -> Sequence[Item]:
            now = require_lane(self.lanes, job_id, lane, by_lane[lane])
            return [effective_item(now.head, item) for item in now.items.values()]

        lanes = self.runtime.parallel(read, list(by_lane))
        return {item.item_id: item for items in lanes for item in items}


def _still(found: FirstItems, shown: _ItemsById, holds: Callable[[Item], bool]) -> tuple[Item, ...]:
    """The items found first of which it still holds."""
    items = (shown[item_id] for _, item_id in found.first if item_id in shown)
    return tuple(item for item in items if holds(item))


def _causes(view: JobView, now: int, tally: ScanTally) -> Iterable[Cause]:
    job, counts = view.job, total(view.heads)
    if job.finished:
        return [Cause.FINISHED]
    expected = job.spec.expected_items
    deadline = job.deadline_at
    holds = {
        Cause.ENDING: job.ending is not None,
        Cause.RESUMING: job.resume_gate > 0,
        Cause.SCHEDULED: job.scheduled and job.ending is None,
        Cause.PAUSED: job.paused,
        Cause.DEADLINE_PASSED: deadline is not None and deadline <= now and job.ending is None,
        Cause.LANES_LAGGING: bool(_lagging(view)),
        Cause.ITEMS_MISSING: not job.sealed and expected is not None and counts.total < expected,
        Cause.UNSEALED: not job.sealed and not seals_itself(job),
        Cause.LEASES_EXPIRED: tally.expired.count > 0,
        Cause.ITEMS_IN_PROGRESS: counts.in_progress > 0,
        Cause.ITEMS_RETRYING: total_retrying(view.heads) > 0,
        Cause.ITEMS_DUE_LATER: tally.due_later.count > 0,
        Cause.ITEMS_PENDING: counts.pending > 0,
    }
    return [cause for cause, is_true in holds.items() if is_true] or [Cause.VERDICT_DUE]


def _lagging(view: JobView) -> tuple[int, ...]:
    return tuple(head.lane for head in view.heads if head.gate < view.job.gate)


def _most_frequent(
    counts: Iterable[Iterable[tuple[str, int]]],
) -> tuple[tuple[str, int], ...]:
    """Items by type of error, most frequent first."""
    total_counts: Counter[str] = Counter()
    for part in counts:
        total_counts.update(dict(part))
    return tuple((name, number) for name, number in total_counts.most_common() if number > 0)
