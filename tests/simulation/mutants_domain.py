"""Mutants of the rules: fencing, duplicates, seals, leases, backoff, counts and verdicts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.model import events, item_rules, job_lifecycle, lane_decision, lanes
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.item_case import ItemCase, Ruling
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job, JobPhase, JobStatus
from forgeledger.jobs.model.lanes import Head, LaneMode
from forgeledger.jobs.model.outcomes import OutcomeKind
from forgeledger.jobs.usecases import advance_job, apply_commands, change_job
from tests.simulation.mutant import Mutants

DOMAIN = Mutants()


def _rule(kind: CommandKind, rule: Callable[[ItemCase], Ruling]) -> Any:
    return patch.dict(item_rules._RULES, {kind: rule})


@DOMAIN.named("a redelivered command is taken for a new one")
def duplicates_counted() -> Iterator[None]:
    with patch.object(item_rules, "_answer_before", lambda *_: None):
        yield


@DOMAIN.named("a stale attempt is not fenced off")
def no_fencing() -> Iterator[None]:
    with (
        patch.object(ItemCase, "stale", property(lambda _: False)),
        patch.object(ItemCase, "current", property(lambda _: True)),
    ):
        yield


@DOMAIN.named("any number is taken for an attempt")
def attempts_out_of_nowhere() -> Iterator[None]:
    with patch.object(ItemCase, "too_far_ahead", False):
        yield


@DOMAIN.named("a lease holds no other worker back")
def no_leases() -> Iterator[None]:
    with patch.object(
        ItemCase, "lease_over", property(lambda case: case.item.lease_until is not None)
    ):
        yield


@DOMAIN.named("an item is claimed before it is due")
def early_claims() -> Iterator[None]:
    def claim(case: ItemCase) -> Ruling:
        return original(replace(case, item=replace(case.item, due_at=None)))

    original = item_rules.claim
    with _rule(CommandKind.CLAIM, claim):
        yield


@DOMAIN.named("a retry waits without the cap")
def no_cap() -> Iterator[None]:
    def pause_seconds(tries: int, base: float, _cap: float) -> float:
        return base * 2.0 ** min(tries, 62)

    with patch.object(lanes, "pause_seconds", pause_seconds):
        yield


@DOMAIN.named("attempts have no end")
def endless_attempts() -> Iterator[None]:
    original = ItemCase.fail

    def fail(
        self: ItemCase, kind: EventKind, attempt: int, failure: Failure, worker_id: str | None
    ) -> Ruling:
        rules = replace(self.head.rules, max_attempts=1_000_000)
        endless = replace(self, head=replace(self.head, rules=rules))
        return original(endless, kind, attempt, failure, worker_id)

    with patch.object(ItemCase, "fail", fail):
        yield


@DOMAIN.named("a failure is tried again though it is final")
def everything_retryable() -> Iterator[None]:
    original = ItemCase.fail

    def fail(
        self: ItemCase, kind: EventKind, attempt: int, failure: Failure, worker_id: str | None
    ) -> Ruling:
        return original(self, kind, attempt, replace(failure, retryable=True), worker_id)

    with patch.object(ItemCase, "fail", fail):
        yield


@DOMAIN.named("a failed item is completed by a latecomer")
def failed_is_not_final() -> Iterator[None]:
    original = item_rules._complete

    def complete(case: ItemCase) -> Ruling:
        if case.item.state is ItemState.FAILED:
            case = replace(case, item=replace(case.item, state=ItemState.PENDING))
        return original(case)

    with _rule(CommandKind.COMPLETE, complete):
        yield


@DOMAIN.named("what the worker found out is dropped")
def results_dropped() -> Iterator[None]:
    original = item_rules._complete

    def complete(case: ItemCase) -> Ruling:
        return original(replace(case, command=replace(case.command, result=None)))

    with _rule(CommandKind.COMPLETE, complete):
        yield


@DOMAIN.named("a claim does not count as an attempt")
def attempts_stand_still() -> Iterator[None]:
    original = ItemCase.apply

    def apply(self: ItemCase, kind: EventKind, **fields: Any) -> Ruling:
        if kind is EventKind.CLAIMED:
            fields["attempt"] = max(self.item.attempt, 1)
        return original(self, kind, **fields)

    with patch.object(ItemCase, "apply", apply):
        yield


@DOMAIN.named("an item that is known is registered anew")
def registered_anew() -> Iterator[None]:
    original = item_rules.rule

    def rule(head: Head, item: Item | None, command: Command, now: int, phase: JobPhase) -> Ruling:
        anew = command.kind is CommandKind.REGISTER and head.mode is LaneMode.OPEN
        return original(head, None if anew else item, command, now, phase)

    with patch.object(lane_decision, "rule", rule):
        yield


@DOMAIN.named("the seal is ignored")
def seal_ignored() -> Iterator[None]:
    original = item_rules._rule_on_unknown

    def rule_on_unknown(head: Head, command: Command, now: int, phase: JobPhase) -> Ruling:
        return original(replace(head, mode=LaneMode.OPEN), command, now, phase)

    with patch.object(item_rules, "_rule_on_unknown", rule_on_unknown):
        yield


@DOMAIN.named("a refused command leaves no trace")
def silent_refusals() -> Iterator[None]:
    original = lane_decision.rule

    def rule(*args: Any) -> Ruling:
        ruled = original(*args)
        silent = ruled.kind is OutcomeKind.REJECTED
        return replace(ruled, events=()) if silent else ruled

    with patch.object(lane_decision, "rule", rule):
        yield


@DOMAIN.named("a closed lane goes on with its items")
def closing_cancels_nothing() -> Iterator[None]:
    with patch.object(lane_decision, "effective_item", lambda _, item: item):
        yield


@DOMAIN.named("a counter moves without its item")
def counter_alone() -> Iterator[None]:
    original = events.evolve_head

    def evolve_head(head: Head, event: Any, before: Any, after: Any) -> Head:
        evolved = original(head, event, before, after)
        if event.kind is not EventKind.DUPLICATE:
            return evolved
        counts = evolved.counts
        return replace(evolved, counts=replace(counts, completed=counts.completed + 1))

    with patch.object(lane_decision, "evolve_head", evolve_head):
        yield


@DOMAIN.named("a job completes though it is not sealed")
def unsealed_completion() -> Iterator[None]:
    original = job_lifecycle.next_step

    def next_step(job: Job, heads: Sequence[Head], now: int) -> Step:
        counts = job_lifecycle.total(heads)
        if not job.finished and job.ending is None and counts.finished and not counts.unfinished:
            return job_lifecycle._completed(job, counts, now)
        return original(job, heads, now)

    with patch.object(advance_job, "next_step", next_step):
        yield


@DOMAIN.named("a job completes while a lane is still open")
def completion_with_lagging_lanes() -> Iterator[None]:
    original = job_lifecycle.next_step

    def next_step(job: Job, heads: Sequence[Head], now: int) -> Step:
        if job.sealed and not job.finished and job.ending is None:
            heads = [replace(head, gate=job.gate) for head in heads]
            step = original(job, heads, now)
            # The transaction compares the real heads, so that check is removed as well.
            return replace(step, checks_counts=False) if step.checks_counts else step
        return original(job, heads, now)

    with patch.object(advance_job, "next_step", next_step):
        yield


@DOMAIN.named("a canceled job ends before its lanes are closed")
def verdict_before_closing() -> Iterator[None]:
    original = job_lifecycle.next_step

    def next_step(job: Job, heads: Sequence[Head], now: int) -> Step:
        if job.ending is not None and not job.finished:
            return job_lifecycle._verdict(
                job,
                job.ending,
                job_lifecycle.total(heads),
                now,
                job.ending_reason,
                client_id=job.gate_client_id,
            )
        return original(job, heads, now)

    with patch.object(advance_job, "next_step", next_step):
        yield


@DOMAIN.named("reopening does not begin a new epoch")
def no_new_epoch() -> Iterator[None]:
    original = job_lifecycle.reopen

    def reopen(job: Job, now: int, **more: Any) -> Step:
        step = original(job, now, **more)
        facts = tuple(replace(fact, epoch=job.epoch) for fact in step.facts)
        return replace(step, job=replace(step.job, epoch=job.epoch), facts=facts)

    with patch.object(change_job, "reopen", reopen), patch.object(apply_commands, "reopen", reopen):
        yield


@DOMAIN.named("the tolerance is ignored")
def no_tolerance() -> Iterator[None]:
    with (
        patch.object(job_lifecycle.Job, "deadline_at", None),
        patch.object(job_lifecycle, "_early_failure", lambda *_: None),
        patch.object(
            job_lifecycle,
            "_completed",
            lambda job, counts, now: job_lifecycle._verdict(
                job,
                JobStatus.COMPLETED_WITH_FAILURES if counts.failed else JobStatus.COMPLETED,
                counts,
                now,
                None,
            ),
        ),
    ):
        yield


@DOMAIN.named("a closing does not name the one before it")
def closings_without_chain() -> Iterator[None]:
    with patch.object(lane_decision, "_closing_before", lambda _: None):
        yield


@DOMAIN.named("a canceled job's items are retried")
def retry_after_cancel() -> Iterator[None]:
    original = Job.phase

    def phase(self: Job, now: int) -> JobPhase:
        current = original(self, now)
        return JobPhase.FINISHED if current is JobPhase.CANCELED and self.finished else current

    with patch.object(Job, "phase", phase):
        yield
