"""Mutants of a lane's sums, and of what they and the counts say of a job's progress."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.model import events, lane_decision
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.progress import Pace, Progress
from forgeledger.jobs.model.sums import Sums
from forgeledger.jobs.storage import head_rows, lane_writes
from forgeledger.jobs.usecases import advance_job, apply_commands, read_jobs
from tests.simulation.mutant import Mutants

SUMS = Mutants()


def _summing(name: str, change: Callable[[Sums, Sums, Event, Item, Item], Sums]) -> None:
    """A mutant that changes the sums after an event, given those before it."""

    @SUMS.named(name)
    def other_sums() -> Iterator[None]:
        original = events._summed

        def summed(sums: Sums, event: Event, before: Item, after: Item) -> Sums:
            return change(sums, original(sums, event, before, after), event, before, after)

        with patch.object(events, "_summed", summed):
            yield


def _unless(kind: EventKind, field: str) -> Callable[[Sums, Sums, Event, Item, Item], Sums]:
    """The field stays as it was with events of this kind."""

    def change(old: Sums, new: Sums, event: Event, _before: Item, _after: Item) -> Sums:
        return replace(new, **{field: getattr(old, field)}) if event.kind is kind else new

    return change


_summing("a completed item is still retrying", _unless(EventKind.COMPLETED, "retrying"))
_summing("a retried item is not retrying", _unless(EventKind.RETRIED, "retrying"))
_summing("an expired attempt is not retried", _unless(EventKind.EXPIRED, "retrying"))
_summing("a released item did not come back", _unless(EventKind.RELEASED, "again"))
_summing("a retried item did not come back", _unless(EventKind.RETRIED, "again"))
_summing("a canceled item is still retrying", _unless(EventKind.CANCELED, "retrying"))
_summing("a canceled claim took no time", _unless(EventKind.CANCELED, "run_ms"))
_summing("a released claim took no time", _unless(EventKind.RELEASED, "run_ms"))
_summing("a claim that was taken over took no time", _unless(EventKind.CLAIMED, "run_ms"))


@SUMS.named("an item that failed for good is still retrying")
def final_failures_retrying() -> Iterator[None]:
    def retrying(item: Item) -> bool:
        unfinished = item.state in (ItemState.PENDING, ItemState.IN_PROGRESS, ItemState.FAILED)
        return item.failure is not None and unfinished

    with patch.object(Item, "retrying", property(retrying)):
        yield


@SUMS.named("each failure of an item makes one more retrying")
def every_failure_retrying() -> Iterator[None]:
    original = events._summed

    def summed(sums: Sums, event: Event, before: Item, after: Item) -> Sums:
        return original(sums, event, replace(before, failure=None), after)

    with patch.object(events, "_summed", summed):
        yield


@SUMS.named("what a closing cancels is still retrying")
def canceled_items_retrying() -> Iterator[None]:
    original = events._gated

    def gated(head: Head, event: Event, offset: int) -> Head:
        return replace(original(head, event, offset), sums=head.sums)

    with patch.object(events, "_gated", gated):
        yield


@SUMS.named("an item waits since its registration, whatever happened since")
def waits_since_registration() -> Iterator[None]:
    with patch.object(Item, "claimable_since", property(lambda item: item.created_at)):
        yield


@SUMS.named("a commit does not take the sums of the one before it over")
def sums_of_one_commit() -> Iterator[None]:
    def decide(head: Head, *rest: Any, **more: Any) -> Any:
        decision = lane_decision.decide(replace(head, sums=Sums()), *rest, **more)
        first, *others = decision.commits or (None,)
        if first is None:
            return decision
        return replace(decision, commits=(replace(first, before=head), *others))

    with patch.object(apply_commands, "decide", decide):
        yield


@SUMS.named("a head is written without its sums")
def sums_not_written() -> Iterator[None]:
    assignments = lane_writes.HEAD_SET.removesuffix(", sums = :sums")
    original = lane_writes._head_update

    def head_update(*rest: Any) -> Any:
        update = original(*rest)
        del update["ExpressionAttributeValues"][":sums"]
        return update

    with (
        patch.object(lane_writes, "HEAD_SET", assignments),
        patch.object(lane_writes, "_head_update", head_update),
    ):
        yield


@SUMS.named("two of the sums change places in the row")
def sums_in_another_order() -> Iterator[None]:
    def encode(sums: Sums) -> str:
        return head_rows.encode_sums(replace(sums, again=sums.released, released=sums.again))

    with patch.object(lane_writes, "encode_sums", encode):
        yield


@SUMS.named("a roll-up leaves out how many items are retrying")
def roll_ups_without_retrying() -> Iterator[None]:
    original = advance_job.rolled_up

    def rolled_up(last: Progress, *rest: Any) -> Progress | None:
        progress = original(last, *rest)
        return None if progress is None else replace(progress, retrying=last.retrying)

    with patch.object(advance_job, "rolled_up", rolled_up):
        yield


@SUMS.named("the status says how many items were retrying at the last roll-up")
def stale_retrying() -> Iterator[None]:
    original = read_jobs._numbers

    def numbers(view: Any) -> Any:
        counts, _ = original(view)
        return counts, view.progress.retrying

    with patch.object(read_jobs, "_numbers", numbers):
        yield


@SUMS.named("a job that stands still has a time left")
def time_left_of_a_standstill() -> Iterator[None]:
    original = read_jobs.pace

    def pace(*rest: Any) -> Pace:
        measured = original(*rest)
        return measured if measured.unchanged_seconds is None else replace(measured, eta_seconds=9)

    with patch.object(read_jobs, "pace", pace):
        yield
