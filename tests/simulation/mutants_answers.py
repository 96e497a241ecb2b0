"""Mutants of decisions and answers that leave the stored rows consistent."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from forgeledger.jobs.http import command_routes, job_bodies
from forgeledger.jobs.messages.event_bus import EventBridgePublisher
from forgeledger.jobs.model import item_rules, job_lifecycle, lanes
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.item_case import ItemCase, Ruling
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import Job, JobPhase, JobStatus
from forgeledger.jobs.model.lane_decision import Decision
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.outcomes import OutcomeKind, Reason
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases import apply_commands, change_job
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.change_job import ChangeResult, JobLifecycle
from forgeledger.jobs.usecases.read_jobs import JobStatusView
from forgeledger.runtime import HasTime, no_deadline
from forgeledger.sdk.report.outbox import SendResult, SendStatus
from forgeledger.sdk.report.packer import Message
from forgeledger.sdk.report.sqs_sender import Sender
from tests.simulation.mutant import Mutants

ANSWERS = Mutants()


@ANSWERS.named("no failed item of a finished job can be retried")
def no_retry_reopens() -> Iterator[None]:
    original = Job.phase

    def phase(self: Job, now: int) -> JobPhase:
        current = original(self, now)
        return JobPhase.ENDING if current is JobPhase.FINISHED else current

    with patch.object(Job, "phase", phase):
        yield


@ANSWERS.named("a job being canceled is not in the canceled phase")
def canceled_only_at_the_end() -> Iterator[None]:
    original = Job.phase

    def phase(self: Job, now: int) -> JobPhase:
        return JobPhase.ENDING if self.ending is JobStatus.CANCELED else original(self, now)

    with patch.object(Job, "phase", phase):
        yield


@ANSWERS.named("a retry of a pending item in a canceled job is answered duplicate")
def pending_before_canceled() -> Iterator[None]:
    original = item_rules._retry

    def retry(case: ItemCase) -> Ruling:
        return case.duplicate() if case.item.state is ItemState.PENDING else original(case)

    with patch.dict(item_rules._RULES, {CommandKind.RETRY: retry}):
        yield


@ANSWERS.named("a second cancel of a job that is ending is refused")
def canceled_twice_refused() -> Iterator[None]:
    original = change_job._cancel

    def cancel(job: Job, *rest: Any, **more: Any) -> Step | Reason:
        if job.ending is JobStatus.CANCELED:
            return Reason.JOB_FINISHED
        return original(job, *rest, **more)

    with patch.object(change_job, "_cancel", cancel):
        yield


@ANSWERS.named("a job that is ending is not reopened")
def ending_not_reopened() -> Iterator[None]:
    def reopen(
        self: JobLifecycle,
        job_id: str,
        has_time: HasTime = no_deadline,
        client_id: Any = None,
        *,
        resume: bool = False,
    ) -> ChangeResult:
        transition = partial(change_job._reopen, client_id=client_id, resume=resume)
        return self._apply(job_id, transition, has_time)

    with patch.object(JobLifecycle, "reopen", reopen):
        yield


@ANSWERS.named("only events that were throttled are sent again")
def only_throttled_events_again() -> Iterator[None]:
    def put(self: EventBridgePublisher, entries: list[dict[str, Any]], *_: Any) -> None:
        while entries:
            answers = self._client().put_events(Entries=entries)["Entries"]
            codes = [answer.get("ErrorCode") for answer in answers]
            pairs = zip(entries, codes, strict=True)
            entries = [entry for entry, code in pairs if code == "ThrottlingException"]

    with patch.object(EventBridgePublisher, "_put", put):
        yield


@ANSWERS.named("events are published on the default bus")
def published_on_default_bus() -> Iterator[None]:
    original = EventBridgePublisher._entry

    def entry(self: EventBridgePublisher, job: Job, fact: Fact) -> dict[str, Any]:
        return original(self, job, fact) | {"EventBusName": "default"}

    with patch.object(EventBridgePublisher, "_entry", entry):
        yield


@ANSWERS.named("a finished job is not rolled up any more")
def finished_not_rolled_up() -> Iterator[None]:
    original = JobAdvancer._roll_up

    def rolled_up(self: JobAdvancer, view: JobView, has_time: HasTime) -> JobView:
        return view if view.job.finished else original(self, view, has_time)

    with patch.object(JobAdvancer, "_roll_up", rolled_up):
        yield


@ANSWERS.named("a job is shown to run since it was created")
def opened_when_created() -> Iterator[None]:
    original = job_bodies._job_fields

    def job_fields(standing: JobStatusView) -> dict[str, Any]:
        fields = original(standing)
        return fields | {"opened_at": fields["created_at"]}

    with patch.object(job_bodies, "_job_fields", job_fields):
        yield


@ANSWERS.named("a failed item waits for nothing")
def no_backoff() -> Iterator[None]:
    with patch.object(lanes, "pause_seconds", lambda *_: 0):
        yield


def _refusing_without(**dropped: None) -> AbstractContextManager[Any]:
    original = ItemCase.reject

    def reject(self: ItemCase, reason: Reason) -> Ruling:
        refused = original(self, reason)
        (event,) = refused.events
        return replace(refused, events=(replace(event, **dropped),))

    return patch.object(ItemCase, "reject", reject)


@ANSWERS.named("what a refused worker found out is dropped")
def refused_results_dropped() -> Iterator[None]:
    with _refusing_without(result=None):
        yield


@ANSWERS.named("why a refused worker failed is dropped")
def refused_failures_dropped() -> Iterator[None]:
    with _refusing_without(failure=None):
        yield


@ANSWERS.named("a refusal does not say who was refused")
def refused_nobody() -> Iterator[None]:
    with _refusing_without(worker_id=None):
        yield


@ANSWERS.named("a reopened job seals itself")
def reopened_seals_itself() -> Iterator[None]:
    original = job_lifecycle._expected_items_came

    def came(job: Job, counts: Counts) -> bool:
        return original(replace(job, epoch=1), counts)

    with patch.object(job_lifecycle, "_expected_items_came", came):
        yield


@ANSWERS.named("the SDK gives up on a throttle")
def throttles_given_up() -> Iterator[None]:
    original = Sender.send

    def send(self: Sender, messages: Sequence[Message]) -> list[SendResult]:
        return [
            replace(sent, status=SendStatus.FAILED) if "Throttling" in sent.reason else sent
            for sent in original(self, messages)
        ]

    with patch.object(Sender, "send", send):
        yield


@ANSWERS.named("a refused command that comes again is answered duplicate")
def refusals_repeated_as_duplicates() -> Iterator[None]:
    original = item_rules._answer_before

    def answer_before(*arguments: Any) -> Ruling | None:
        before = original(*arguments)
        return before and Ruling(kind=OutcomeKind.DUPLICATE, events=())

    with patch.object(item_rules, "_answer_before", answer_before):
        yield


@ANSWERS.named("a redelivered claim is granted even if another worker has the item by now")
def lost_claims_granted() -> Iterator[None]:
    with patch.object(item_rules, "_taken_over", lambda *_: False):
        yield


@ANSWERS.named("a claim that comes again over HTTP is granted for a finished item")
def claims_of_finished_items_granted() -> Iterator[None]:
    with patch.object(command_routes, "_reason_of", lambda _, outcome: outcome.reason):
        yield


@ANSWERS.named("a command that comes again is answered applied")
def repeated_as_applied() -> Iterator[None]:
    original = item_rules._answer_before

    def answer_before(*arguments: Any) -> Ruling | None:
        before = original(*arguments)
        again = before is not None and before.kind is OutcomeKind.DUPLICATE
        return Ruling(kind=OutcomeKind.APPLIED, events=()) if again else before

    with patch.object(item_rules, "_answer_before", answer_before):
        yield


@ANSWERS.named("an answer shows the attempt before")
def attempt_before_shown() -> Iterator[None]:
    original = apply_commands.decide

    def decide(*arguments: Any, **more: Any) -> Decision:
        decision = original(*arguments, **more)
        shown = [
            replace(outcome, item=outcome.item and replace(outcome.item, attempt=0))
            for outcome in decision.outcomes
        ]
        return replace(decision, outcomes=tuple(shown))

    with patch.object(apply_commands, "decide", decide):
        yield
