"""Mutants of the ledger's guarantees to operators and consumers; stored rows stay consistent."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.messages import job_events
from forgeledger.jobs.model import job_lifecycle
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts, Head
from forgeledger.jobs.model.outcomes import OutcomeKind
from forgeledger.jobs.usecases import advance_job, apply_commands, change_job, read_jobs
from forgeledger.jobs.usecases.change_job import ChangeResult, JobLifecycle
from forgeledger.sdk.report.lane_buffer import Waiting
from forgeledger.sdk.report.outbox import Outbox
from forgeledger.sdk.report.packer import Message
from tests.simulation.mutant import Mutants

GUARANTEES = Mutants()


def _events_with(**wrong: Callable[[dict[str, Any], Fact], Any]) -> AbstractContextManager[Any]:
    original = job_events.detail_of

    def detail_of(job: Job, fact: Fact) -> dict[str, Any]:
        detail = original(job, fact)
        return detail | {name: of(detail, fact) for name, of in wrong.items() if name in detail}

    return patch.object(job_events, "detail_of", detail_of)


@GUARANTEES.named("an event has the total as the number of completed items")
def total_as_completed() -> Iterator[None]:
    with _events_with(completed=lambda detail, _: detail["total"]):
        yield


@GUARANTEES.named("an event always has the status COMPLETED")
def status_always_completed() -> Iterator[None]:
    with _events_with(status=lambda *_: "COMPLETED"):
        yield


@GUARANTEES.named("an event always has the first epoch")
def epoch_always_first() -> Iterator[None]:
    with _events_with(epoch=lambda *_: 1):
        yield


@GUARANTEES.named("an event has another name than the job")
def another_name() -> Iterator[None]:
    with _events_with(name=lambda *_: "a job"):
        yield


@GUARANTEES.named("an event has seconds for milliseconds")
def duration_in_seconds() -> Iterator[None]:
    with _events_with(durationMs=lambda _, fact: fact.duration_ms // 1000):
        yield


@GUARANTEES.named("a failed job's event always has the reason tolerance")
def reason_always_tolerance() -> Iterator[None]:
    with _events_with(reason=lambda *_: "tolerance"):
        yield


def _only_answering(
    what: str, outcome: OutcomeKind = OutcomeKind.APPLIED
) -> AbstractContextManager[Any]:
    def answer(self: JobLifecycle, job_id: str, *_: Any, **_named: Any) -> ChangeResult:
        view = self.jobs.load_job(job_id)
        assert view is not None
        return ChangeResult(outcome=outcome, view=view)

    return patch.object(JobLifecycle, what, answer)


@GUARANTEES.named("a seal is answered and nothing is done")
def seal_only_answered() -> Iterator[None]:
    with _only_answering("seal"):
        yield


@GUARANTEES.named("a cancel is answered and nothing is done")
def cancel_only_answered() -> Iterator[None]:
    with _only_answering("cancel"):
        yield


@GUARANTEES.named("a reopen is answered and nothing is done")
def reopen_only_answered() -> Iterator[None]:
    with _only_answering("reopen"):
        yield


@GUARANTEES.named("a seal is always called a repetition")
def seal_called_duplicate() -> Iterator[None]:
    with _only_answering("seal", OutcomeKind.DUPLICATE):
        yield


@GUARANTEES.named("expected items that came seal nothing")
def never_seals_itself() -> Iterator[None]:
    with patch.object(job_lifecycle, "_expected_items_came", lambda *_: False):
        yield


@GUARANTEES.named("a deadline never passes")
def deadline_never() -> Iterator[None]:
    with patch.object(Job, "deadline_at", None):
        yield


@GUARANTEES.named("a deadline passes at once")
def deadline_at_once() -> Iterator[None]:
    def deadline_at(job: Job) -> int | None:
        return None if job.spec.deadline_seconds is None else job.opened_at

    with patch.object(Job, "deadline_at", property(deadline_at)):
        yield


@GUARANTEES.named("too many failures end a job only when all else is done")
def tolerance_only_at_the_end() -> Iterator[None]:
    original = job_lifecycle._early_failure

    def hopeless(*arguments: Any) -> str | None:
        reason = original(*arguments)
        return None if reason == "tolerance" else reason

    with patch.object(job_lifecycle, "_early_failure", hopeless):
        yield


@GUARANTEES.named("the first failure is never published")
def first_failure_unpublished() -> Iterator[None]:
    original = job_lifecycle.next_step

    def next_step(job: Job, heads: Sequence[Head], now: int) -> Step:
        step = original(replace(job, first_failure_epoch=job.epoch), heads, now)
        before = job.first_failure_epoch
        return replace(step, job=replace(step.job, first_failure_epoch=before))

    with patch.object(advance_job, "next_step", next_step):
        yield


@GUARANTEES.named("a job's status shows the counts that were rolled up last")
def status_of_yesterday() -> Iterator[None]:
    original = read_jobs.status_view

    def status_view(view: Any, now: int) -> read_jobs.JobStatusView:
        return original(replace(view, heads=()), now)

    with patch.object(read_jobs, "status_view", status_view):
        yield


@GUARANTEES.named("the SDK drops every third report")
def reports_dropped() -> Iterator[None]:
    original = Outbox.add

    def add(self: Outbox, command: Any, now: float, *rest: Any) -> float:
        self.last_sequence += 1
        return now if self.last_sequence % 3 == 0 else original(self, command, now, *rest)

    with patch.object(Outbox, "add", add):
        yield


@GUARANTEES.named("the SDK forgets what waits behind a message on its way")
def waiting_forgotten() -> Iterator[None]:
    original = Outbox.record

    def record(self: Outbox, message: Message, result: Any, now: float) -> tuple[Waiting, ...]:
        lane = self._lanes[message.group]
        lane.waiting.clear()
        resolved = original(self, message, result, now)
        self.pending = len(self.undelivered())
        return resolved

    with patch.object(Outbox, "record", record):
        yield


@GUARANTEES.named("the first failure is published with the counts of the beginning")
def first_failure_uncounted() -> Iterator[None]:
    original = job_lifecycle.step_to

    def fact_of(job: Job, kind: FactKind, now: int, counts: Counts, *rest: Any, **more: Any) -> Any:
        counted = Counts() if kind is FactKind.FIRST_FAILURE else counts
        return original(job, kind, now, counted, *rest, **more)

    with patch.object(job_lifecycle, "step_to", fact_of):
        yield


@GUARANTEES.named("a retry unseals its job")
def retry_unseals() -> Iterator[None]:
    def reopen(job: Job, now: int, *, mode: Any, client_id: Any) -> Step:
        del mode
        return job_lifecycle.reopen(job, now, client_id=client_id)

    with patch.object(apply_commands, "reopen", reopen):
        yield


@GUARANTEES.named("a job that was canceled reopens itself")
def reopens_itself() -> Iterator[None]:
    original = job_lifecycle.next_step

    def next_step(job: Job, heads: Sequence[Head], now: int) -> Step:
        if job.status == "CANCELED" and job.epoch == 1:
            return job_lifecycle.reopen(job, now)
        return original(job, heads, now)

    with patch.object(advance_job, "next_step", next_step):
        yield


@GUARANTEES.named("a reopened job keeps the deadline that it had")
def deadline_not_renewed() -> Iterator[None]:
    original = job_lifecycle.reopen

    def reopen(job: Job, now: int, **mode: Any) -> Step:
        step = original(job, now, **mode)
        return replace(step, job=replace(step.job, opened_at=job.opened_at))

    with patch.object(apply_commands, "reopen", reopen), patch.object(change_job, "reopen", reopen):
        yield


@GUARANTEES.named("a seal does not say when it came")
def sealed_some_time() -> Iterator[None]:
    original = job_lifecycle.seal

    def seal(job: Job, *rest: Any, **more: Any) -> Step:
        step = original(job, *rest, **more)
        return replace(step, job=replace(step.job, sealed_at=job.opened_at))

    with patch.object(job_lifecycle, "seal", seal), patch.object(change_job, "seal", seal):
        yield
