"""Hand out a job's items: plan a flight, reserve it, send its messages, settle it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forgeledger.errors import OutOfTime
from forgeledger.execution.model.flight import (
    DELAY_MS,
    FLIGHT_DUE_ROWS,
    FLIGHT_ITEMS,
    MOST_OUT,
    FlightPlan,
    Handout,
    due_key,
    of_due_row,
    registrations,
)
from forgeledger.execution.model.work import RESERVATION_MS, Work
from forgeledger.execution.ports import Wakes, WorkQueue, WorkStore
from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.due_rows import DueRow
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.ports import DueRows, JobStore, JobView, LaneStore
from forgeledger.runtime import HasTime, Runtime

# What one call hands out at most; the rest is for the next.
_ITEMS_PER_CALL: Final = 10_000
_JOURNAL_ROWS_PER_READ: Final = 100
# More than a flight takes, so that the earliest that is left is known.
_DUE_ROWS_PER_READ: Final = FLIGHT_DUE_ROWS + 1
# Each is followed by a look at the job as it is then. The rest is for conflicts with others.
_LOOKS: Final = 1_000
_HALF_DAY_MS: Final = 12 * 3_600 * 1_000
# By then the reservation may be taken over.
_GUARD_SECONDS: Final = RESERVATION_MS // 1000 + 1


@fast_frozen
class Dispatched:
    """How many items were handed out, and when more of them will be due."""

    items: int = 0
    look_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Any number of them may look at a job at once: what counts is the condition on its row.

        read the job, the WORK row | plan | reserve (if nobody was first) | send | settle

    One that dies after its reservation has left a wake, and whoever looks after 30 s sends the
    reserved messages once more. Claims are fenced, so that a message too many changes nothing.
    """

    jobs: JobStore
    lanes: LaneStore
    due_rows: DueRows
    works: WorkStore
    queue: WorkQueue
    wakes: Wakes
    runtime: Runtime

    def dispatch(self, view: JobView, has_time: HasTime, most: int = _ITEMS_PER_CALL) -> Dispatched:
        """Fly until nothing is left that may be handed out now; safe to repeat."""
        job_id, me, handed = view.job.job_id, self.runtime.new_id(), 0
        for _ in range(_LOOKS):
            if not hands_out(view.job):
                return Dispatched(items=handed)
            if not has_time():
                raise OutOfTime(f"dispatch of job {job_id}")
            work = self.works.load_work(job_id)
            if work.reserved_by_another(me, self.runtime.clock()):
                # It looks again after its flight, and has left a wake for its own crash.
                return Dispatched(items=handed)
            if work.in_flight:
                handed += self._take_over(view.job, work, me, has_time)
            else:
                plan = self._plan(view, work, min(most - handed, FLIGHT_ITEMS), has_time)
                flight = plan.reservation(
                    me, self.runtime.clock(), view.job.spec.rules.ttl_days * _HALF_DAY_MS
                )
                if flight is None:
                    return Dispatched(items=handed, look_at=_look_at(view.job, plan))
                if self.works.save_work(view.job, flight) and flight.in_flight:
                    self.wakes.wake(job_id, _GUARD_SECONDS)
                    handed += self._send(view.job, flight, plan.handouts, plan.due, has_time)
            if handed >= most:
                self.wakes.wake(job_id, 0)
                return Dispatched(items=handed)
            reloaded = self.jobs.load_job(job_id)
            if reloaded is None:
                break
            view = reloaded
        return Dispatched(items=handed)

    def _plan(self, view: JobView, work: Work, most: int, has_time: HasTime) -> FlightPlan:
        job, now = view.job, self.runtime.clock()
        dispatch = job.spec.dispatch
        assert dispatch is not None
        plan = FlightPlan(
            work=work,
            heads=view.heads,
            # A held lane grants no claims: its messages would come back in vain.
            window=0 if job.held else dispatch.max_in_flight or MOST_OUT,
            most=most,
            due_until=now + _delay_ms(job),
        )
        for lane, offset in plan.closings():
            plan.pass_closing(lane, self._resolved_at(job.job_id, lane, offset))
        for lane in plan.lanes_with_due_rows():
            self._add_due_rows(job.job_id, plan, lane, has_time)
        plan.note_leases(now + job.spec.rules.lease_seconds * 1000)
        for lane in self._lanes_in_turn(job.spec.lanes):
            while (start := plan.unpassed(lane)) is not None and has_time():
                rows = self.lanes.read_journal(job.job_id, lane, start, _JOURNAL_ROWS_PER_READ)
                if not rows or not plan.pass_rows(lane, rows):
                    break
        return plan

    def _lanes_in_turn(self, lanes: int) -> list[int]:
        """From a random one on: where the window is small no lane is always the last."""
        first = int(self.runtime.draw() * lanes)
        return [*range(first, lanes), *range(first)]

    def _resolved_at(self, job_id: str, lane: int, offset: int) -> int:
        row = self.lanes.read_journal(job_id, lane, offset, 1)[0]
        resolved = row.entries[offset - row.offset].resolved
        assert resolved is not None
        return resolved

    def _add_due_rows(self, job_id: str, plan: FlightPlan, lane: int, has_time: HasTime) -> None:
        """The lane's earliest due rows; those that a closing canceled are deleted on the way."""
        while True:
            rows = self.due_rows.list_due(job_id, lane, _DUE_ROWS_PER_READ)
            plan.add_due_rows(lane, rows)
            canceled, plan.canceled = plan.canceled, []
            if canceled:
                self.due_rows.delete_due(canceled)
            if len(canceled) < _DUE_ROWS_PER_READ or not has_time():
                return

    def _take_over(self, job: Job, work: Work, me: str, has_time: HasTime) -> int:
        """Send once more what another has reserved and perhaps sent."""
        now = self.runtime.clock()
        flight = replace(work, version=work.version + 1, owner=me, taken_at=now)
        if not self.works.save_work(job, flight):
            return 0
        self.wakes.wake(job.job_id, _GUARD_SECONDS)
        handouts: list[Handout] = []
        for lane, at in enumerate(work.lanes):
            offset = at.sent
            while offset < at.taken:
                rows = self.lanes.read_journal(job.job_id, lane, offset, _JOURNAL_ROWS_PER_READ)
                handouts += registrations(rows, offset, at.taken)
                offset = rows[-1].end
        due = self.due_rows.read_due(work.due)
        return self._send(job, flight, handouts, due, has_time)

    def _send(
        self,
        job: Job,
        flight: Work,
        handouts: Sequence[Handout],
        due: Sequence[tuple[int, DueRow]],
        has_time: HasTime,
    ) -> int:
        waiting = self._waiting(job.job_id, due)
        self.queue.send(job, (*handouts, *waiting), has_time)
        if due:
            self.due_rows.delete_due([due_key(job.job_id, lane, row) for lane, row in due])
        # If it fails, another has taken the flight over and will settle it.
        settled = flight.settled()
        self.works.save_work(job, replace(settled, version=flight.version + 1))
        return len(handouts) + len(waiting)

    def _waiting(self, job_id: str, due: Sequence[tuple[int, DueRow]]) -> list[Handout]:
        """Of the due rows' items, those that still wait for that dispatch."""
        by_lane: dict[int, list[DueRow]] = {}
        for lane, row in due:
            by_lane.setdefault(lane, []).append(row)
        handouts = []
        for lane, rows in by_lane.items():
            view = self.lanes.load_lane(job_id, lane, [row.item_id for row in rows])
            items = {} if view is None else view.items
            found = (of_due_row(row, items.get(row.item_id)) for row in rows)
            handouts += [handout for handout in found if handout is not None]
        return handouts


def hands_out(job: Job) -> bool:
    return job.spec.dispatch is not None and not job.finished and job.ending is None


def _delay_ms(job: Job) -> int:
    """How long before its time a message may be sent, since the queue holds it back until then.

    Not in a window, where it would hold its slot meanwhile, and not on a FIFO queue.
    """
    dispatch = job.spec.dispatch
    assert dispatch is not None
    return 0 if dispatch.max_in_flight or dispatch.is_fifo else DELAY_MS


def _look_at(job: Job, plan: FlightPlan) -> int | None:
    """When the next due row may be sent."""
    due = plan.next_due()
    return None if due is None else due - _delay_ms(job)
