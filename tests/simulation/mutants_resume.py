"""Mutants of a reopening that resumes what the closing canceled."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model import events, job_lifecycle, lane_decision
from forgeledger.jobs.model.commands import Resume
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head, effective_item
from forgeledger.jobs.usecases import advance_job, resume_items
from forgeledger.jobs.usecases.resume_items import LaneFollower
from tests.simulation.mutant import Mutants

RESUME = Mutants()


@RESUME.named("a verdict while resuming: the resume counts as done with its first lane")
def first_lane_is_enough() -> Iterator[None]:
    original = job_lifecycle.next_step

    def next_step(job: Job, heads: Any, now: int) -> Step:
        if job.resume_gate and any(head.gate >= job.resume_gate for head in heads):
            heads = [replace(head, gate=max(head.gate, job.resume_gate)) for head in heads]
        return original(job, heads, now)

    with patch.object(advance_job, "next_step", next_step):
        yield


@RESUME.named("a verdict while resuming: a lane follows before its items are resumed")
def lanes_follow_at_once() -> Iterator[None]:
    with patch.object(LaneFollower, "_resume", lambda *_: True):
        yield


@RESUME.named("what a command canceled is resumed")
def dropped_resumed() -> Iterator[None]:
    def was_closed(head: Head, item: Item) -> bool:
        return effective_item(head, item).state is ItemState.CANCELED

    original = lane_decision._resume

    def resume(head: Head, item: Item | None, command: Resume, now: int) -> Any:
        return original(head, item and replace(item, dropped=False), command, now)

    with (
        patch.object(resume_items, "_was_closed", was_closed),
        patch.object(lane_decision, "_resume", resume),
    ):
        yield


@RESUME.named("a resume stops at a crash between two commits")
def begun_counts_as_done() -> Iterator[None]:
    original = LaneFollower._resume

    def resume(self: LaneFollower, job: Job, head: Head, has_time: Any) -> bool:
        # Its last row is that of a resume: somebody has begun.
        rows = self.lane_writer.lanes.read_journal(
            job.job_id, head.lane, max(0, head.offset - 1), 1
        )
        begun = rows and rows[-1].entries[-1].kind is EventKind.RESUMED
        return True if begun else original(self, job, head, has_time)

    with patch.object(LaneFollower, "_resume", resume):
        yield


@RESUME.named("only the caller resumes: no relay and no round carries on")
def not_carried_on() -> Iterator[None]:
    original = advance_job.JobAdvancer._follow

    def follow(self: Any, view: Any, lanes: Any, has_time: Any) -> bool:
        if view.job.resume_gate and self.fact_publisher is not None:
            return False
        return original(self, view, lanes, has_time)

    with patch.object(advance_job.JobAdvancer, "_follow", follow):
        yield


@RESUME.named("a cancel during a resume does not end it")
def resumed_while_closing() -> Iterator[None]:
    original = job_lifecycle._closing

    def closing(job: Job, *arguments: Any, **options: Any) -> Step:
        step = original(job, *arguments, **options)
        return replace(step, job=replace(step.job, resume_gate=job.resume_gate))

    with patch.object(job_lifecycle, "_closing", closing):
        yield


@RESUME.named("a resume does not change the attempt")
def same_attempt() -> Iterator[None]:
    original = lane_decision._resume

    def resume(head: Head, item: Item | None, command: Resume, now: int) -> Any:
        ruling = original(head, item, command, now)
        events = tuple(replace(event, attempt=(event.attempt or 1) - 1) for event in ruling.events)
        return replace(ruling, events=events)

    with patch.object(lane_decision, "_resume", resume):
        yield


@RESUME.named("a resume goes on where one stopped that a closing ended")
def goes_on_across_closings() -> Iterator[None]:
    original = LaneFollower._last_resumed

    def last_resumed(self: LaneFollower, head: Head, has_time: Any) -> str | None:
        return original(self, replace(head, canceled_below=0), has_time)

    with patch.object(LaneFollower, "_last_resumed", last_resumed):
        yield


@RESUME.named("an item is resumed that was canceled by its lane and then by a command")
def second_cancel_forgotten() -> Iterator[None]:
    original = events._changes

    def changes(item: Item, event: events.Event) -> dict[str, Any]:
        return {} if event.kind is EventKind.DUPLICATE else original(item, event)

    with patch.object(events, "_changes", changes):
        yield
