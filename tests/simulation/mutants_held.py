"""Mutants of jobs that are held: claims, starts, pauses and their ends."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.messages import job_events
from forgeledger.jobs.model import (
    facts,
    item_rules,
    job_hold,
    job_lifecycle,
)
from forgeledger.jobs.model.commands import CommandKind, FollowGate
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.item_case import ItemCase, Ruling
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job, JobSpec
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode
from forgeledger.jobs.usecases import advance_job, resume_items
from tests.simulation.mutant import Mutants

HELD = Mutants()
_due_release = job_hold.due_release
_next_step = job_lifecycle.next_step


@HELD.named("a claim ignores that its lane is held")
def claim_ignores_hold() -> Iterator[None]:
    original = item_rules._RULES[CommandKind.CLAIM]

    def claim(case: ItemCase) -> Ruling:
        return original(replace(case, head=replace(case.head, held=False)))

    with patch.dict(item_rules._RULES, {CommandKind.CLAIM: claim}):
        yield


@HELD.named("the lanes of a scheduled job are not held from their beginning")
def genesis_not_held() -> Iterator[None]:
    original = job_lifecycle.genesis

    def genesis(spec: JobSpec) -> tuple[Head, ...]:
        return tuple(replace(head, held=False) for head in original(spec))

    with patch.object(job_lifecycle, "genesis", genesis):
        yield


@HELD.named("a job starts while its time is still to come")
def started_early() -> Iterator[None]:
    def due_release(job: Job, counts: Counts, now: int) -> Step | None:
        if job.scheduled and now < (job.spec.execute_at or 0):
            return job_hold.start(job, counts, now)
        return None if job.scheduled else _due_release(job, counts, now)

    with patch.object(job_lifecycle, "due_release", due_release):
        yield


@HELD.named("a job does not start by its time")
def never_started() -> Iterator[None]:
    def due_release(job: Job, counts: Counts, now: int) -> Step | None:
        return None if job.scheduled else _due_release(job, counts, now)

    with patch.object(job_lifecycle, "due_release", due_release):
        yield


@HELD.named("a pause does not end by its time")
def pause_never_ends() -> Iterator[None]:
    def due_release(job: Job, counts: Counts, now: int) -> Step | None:
        return None if job.paused else _due_release(job, counts, now)

    with patch.object(job_lifecycle, "due_release", due_release):
        yield


@HELD.named("a pause ends at once if it has an end")
def pause_ends_at_once() -> Iterator[None]:
    def due_release(job: Job, counts: Counts, now: int) -> Step | None:
        return _due_release(job, counts, max(now, job.paused_until or 0))

    with patch.object(job_lifecycle, "due_release", due_release):
        yield


@HELD.named("lanes do not follow the end of a hold")
def release_without_gate() -> Iterator[None]:
    original = job_hold._released

    def released(job: Job, client_id: str | None) -> Job:
        return replace(original(job, client_id), gate=job.gate)

    with patch.object(job_hold, "_released", released):
        yield


@HELD.named("the lanes of a sealed job are held no longer")
def seal_ends_hold() -> Iterator[None]:
    original = job_lifecycle.gate_of

    def gate_of(job: Job) -> FollowGate:
        return replace(original(job), held=job.held and job.mode is not LaneMode.SEALED)

    with patch.object(resume_items, "gate_of", gate_of):
        yield


@HELD.named("a lane that follows is never held")
def lanes_never_held() -> Iterator[None]:
    original = job_lifecycle.gate_of

    def gate_of(job: Job) -> FollowGate:
        return replace(original(job), held=False)

    with patch.object(resume_items, "gate_of", gate_of):
        yield


@HELD.named("a scheduled job whose items are finished gets its verdict before its start")
def verdict_before_start() -> Iterator[None]:
    def next_step(job: Job, heads: Any, now: int) -> Step:
        step, counts = _next_step(job, heads, now), job_lifecycle.total(heads)
        is_done = job.sealed and counts.unfinished == 0
        if job.scheduled and is_done and not step.facts and not step.lagging:
            return job_lifecycle._completed(job, counts, now)
        return step

    with patch.object(advance_job, "next_step", next_step):
        yield


@HELD.named("a job that is being canceled is started")
def started_while_ending() -> Iterator[None]:
    def next_step(job: Job, heads: Any, now: int) -> Step:
        due = job.scheduled and now >= (job.spec.execute_at or 0)
        if due and job.ending is not None:
            counts = job_lifecycle.total(heads)
            return job_hold.start(replace(job, ending=None), counts, now)
        return _next_step(job, heads, now)

    with patch.object(advance_job, "next_step", next_step):
        yield


@HELD.named("a deadline counts from the creation of a scheduled job")
def deadline_since_creation() -> Iterator[None]:
    def deadline_at(job: Job) -> int | None:
        seconds = job.spec.deadline_seconds
        since = job.spec.created_at if job.epoch == 1 else job.opened_at
        return None if seconds is None or job.scheduled else since + seconds * 1000

    with patch.object(Job, "deadline_at", property(deadline_at)):
        yield


@HELD.named("a closing leaves its job held")
def closing_stays_held() -> Iterator[None]:
    original = job_lifecycle._closing

    def closing(job: Job, *arguments: Any, **options: Any) -> Step:
        step = original(job, *arguments, **options)
        return replace(step, job=replace(step.job, held=job.held, paused_until=job.paused_until))

    with patch.object(job_lifecycle, "_closing", closing):
        yield


@HELD.named("all pauses of an epoch have one event id")
def one_event_id() -> Iterator[None]:
    def event_id(job_id: str, fact: Fact) -> str:
        numbered = fact.kind is facts.FactKind.IDLE
        return facts.event_id(job_id, fact) if numbered else f"{job_id}:{fact.epoch}:{fact.kind}"

    with patch.object(job_events, "event_id", event_id):
        yield
