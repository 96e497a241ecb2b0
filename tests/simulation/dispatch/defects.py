"""Defects of dispatching that random histories of one job must catch."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from forgeledger.execution.model.flight import FlightPlan, due_key
from forgeledger.execution.model.work import Work
from forgeledger.execution.usecases import dispatch_items, find_lost_messages
from forgeledger.execution.usecases.dispatch_items import Dispatcher
from forgeledger.execution.usecases.end_dead_work import DeadWorkEnder
from forgeledger.execution.usecases.find_lost_messages import LostMessages
from forgeledger.execution.usecases.run_job import JobRunner
from forgeledger.execution.usecases.sweep_leases import LeaseSweeper
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model import claim_rules, item_case, item_rules, lane_decision
from forgeledger.jobs.model.lanes import Head
from tests.simulation.mutant import Mutants
from tests.support.memory_works import MemoryWorks

DISPATCH = Mutants()


@DISPATCH.named("the WORK row is written without looking at its version")
def no_condition() -> Iterator[None]:
    def save_work(self: MemoryWorks, job: Any, work: Work) -> bool:
        self._works[job.job_id] = work
        return True

    with patch.object(MemoryWorks, "save_work", save_work):
        yield


def _reordered(*order: str) -> Any:
    """`_send` with its three calls in another order."""

    def send(self: Dispatcher, job: Any, flight: Work, *rest: Any) -> int:
        handouts, due, has_time = rest
        waiting = self._waiting(job.job_id, due)

        def delete() -> None:
            self.due_rows.delete_due([due_key(job.job_id, lane, row) for lane, row in due])

        def settle() -> None:
            self.works.save_work(job, flight.settled().next_version())

        calls = {
            "send": lambda: self.queue.send(job, (*handouts, *waiting), has_time),
            "delete": delete,
            "settle": settle,
        }
        for name in order:
            calls[name]()
        return len(handouts) + len(waiting)

    return send


@DISPATCH.named("a flight is settled before its messages are sent")
def settled_first() -> Iterator[None]:
    with patch.object(Dispatcher, "_send", _reordered("settle", "send", "delete")):
        yield


@DISPATCH.named("due rows are deleted before their messages are sent")
def deleted_first() -> Iterator[None]:
    with patch.object(Dispatcher, "_send", _reordered("delete", "send", "settle")):
        yield


@DISPATCH.named("a taken-over flight forgets its due rows")
def due_rows_forgotten() -> Iterator[None]:
    original = Dispatcher._take_over

    def take_over(self: Dispatcher, job: Any, work: Work, me: str, has_time: Any) -> int:
        return original(self, job, replace(work, due=()), me, has_time)

    with patch.object(Dispatcher, "_take_over", take_over):
        yield


def _with_heads(change: Any) -> Any:
    """`add_due_rows` with other heads."""
    original = FlightPlan.add_due_rows

    def add(self: FlightPlan, lane: int, rows: Any) -> None:
        heads, self.heads = self.heads, [change(head) for head in self.heads]
        original(self, lane, rows)
        self.heads = heads

    return add


@DISPATCH.named("due rows do not count as handed out")
def due_rows_uncounted() -> Iterator[None]:
    original = FlightPlan.add_due_rows

    def add(self: FlightPlan, lane: int, rows: Any) -> None:
        handed = self.lanes[lane].handed
        original(self, lane, rows)
        self.lanes[lane] = replace(self.lanes[lane], handed=handed)

    with patch.object(FlightPlan, "add_due_rows", add):
        yield


@DISPATCH.named("due rows from before a closing are counted")
def canceled_due_rows() -> Iterator[None]:
    changed = _with_heads(lambda head: replace(head, canceled_below=0))
    with patch.object(FlightPlan, "add_due_rows", changed):
        yield


@DISPATCH.named("a closing is passed like any other event")
def closing_ignored() -> Iterator[None]:
    with patch.object(FlightPlan, "closings", lambda _: []):
        yield


@DISPATCH.named("the window counts only items in progress")
def only_in_progress() -> Iterator[None]:
    def handed_out(lanes: Any, heads: Any) -> int:
        return sum(head.counts.in_progress for head in heads)

    with patch("forgeledger.execution.model.flight.handed_out", handed_out):
        yield


@DISPATCH.named("what goes back to PENDING does not free its place")
def again_ignored() -> Iterator[None]:
    def handed_out(lanes: Any, heads: Any) -> int:
        return sum(lane.handed for lane in lanes) - sum(head.counts.finished for head in heads)

    with patch("forgeledger.execution.model.flight.handed_out", handed_out):
        yield


@DISPATCH.named("an item with its own time counts as handed out when it is registered")
def counted_early() -> Iterator[None]:
    original = FlightPlan.pass_rows

    def pass_rows(self: FlightPlan, lane: int, rows: Any) -> bool:
        before = self.lanes[lane].taken
        has_room = original(self, lane, rows)
        at = self.lanes[lane]
        later = sum(
            event.kind == "registered" and event.due_at is not None
            for row in rows
            for offset, event in enumerate(row.entries, row.offset)
            if before <= offset < at.taken
        )
        self.lanes[lane] = replace(at, handed=at.handed + later)
        return has_room

    with patch.object(FlightPlan, "pass_rows", pass_rows):
        yield


@DISPATCH.named("a claim is granted whatever dispatch its message is for")
def unfenced() -> Iterator[None]:
    original = claim_rules._claim_dispatched

    def claim(case: Any) -> Any:
        awaited = case.awaited_dispatch
        command = replace(
            case.command, dispatch=awaited, attempt=max(awaited, case.item.attempt + 1)
        )
        return original(replace(case, command=command))

    with patch.object(claim_rules, "_claim_dispatched", claim):
        yield


@DISPATCH.named("a resumed item waits for the dispatch that older messages are for")
def resumed_for_the_same() -> Iterator[None]:
    original = lane_decision._resume

    def resume(head: Head, item: Any, command: Any, now: int) -> Any:
        ruling = original(head, item, command, now)
        events = tuple(replace(event, attempt=(event.attempt or 1) - 1) for event in ruling.events)
        return replace(ruling, events=events)

    with patch.object(lane_decision, "_resume", resume):
        yield


@DISPATCH.named("a release writes no due row")
def released_for_nobody() -> Iterator[None]:
    with patch.object(item_case.ItemCase, "due_now", None):
        yield


@DISPATCH.named("dead work is acknowledged without a failure")
def dead_work_ignored() -> Iterator[None]:
    with patch.object(DeadWorkEnder, "end", lambda *_: None):
        yield


@DISPATCH.named("dead leases are left to the queue")
def never_swept() -> Iterator[None]:
    with patch.object(LeaseSweeper, "sweep", lambda self, view, work, has_time: work):
        yield


@DISPATCH.named("lost messages are not looked for")
def never_searched() -> Iterator[None]:
    with patch.object(JobRunner, "_search", lambda *_: None):
        yield


@DISPATCH.named("the search passes over items that were handed out again")
def only_registrations() -> Iterator[None]:
    original = LostMessages._handed_out

    def handed_out(self: LostMessages, head: Head, work: Work) -> Any:
        return (handout for handout in original(self, head, work) if handout.attempt == 1)

    with patch.object(LostMessages, "_handed_out", handed_out):
        yield


@DISPATCH.named("the search sends also what waits for its turn")
def sent_before_their_turn() -> Iterator[None]:
    original = LostMessages._handed_out

    def handed_out(self: LostMessages, head: Head, work: Work) -> Any:
        at = replace(work.lanes[head.lane], taken=10**9)
        return original(self, head, work.with_lane(head.lane, at))

    with patch.object(find_lost_messages.LostMessages, "_handed_out", handed_out):
        yield


@DISPATCH.named("a reservation is never taken over")
def never_taken_over() -> Iterator[None]:
    with patch.object(Work, "reserved_by_another", lambda self, me, now: self.in_flight):
        yield


@DISPATCH.named("a reservation is taken over at once")
def taken_over_at_once() -> Iterator[None]:
    original = Dispatcher._plan

    def plan(self: Dispatcher, view: Any, work: Work, most: int, has_time: Any) -> FlightPlan:
        return original(self, view, work.settled(), most, has_time)

    with (
        patch.object(dispatch_items.Work, "in_flight", False),
        patch.object(Dispatcher, "_plan", plan),
    ):
        yield


@DISPATCH.named("a dead message of a paused job fails its item")
def failed_while_held() -> Iterator[None]:
    with patch.object(item_rules, "_is_worker_lost", lambda _: False):
        yield
