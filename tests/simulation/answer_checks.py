"""Answers must be true: what they report was committed, and what they show is what was stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.outcomes import Reason
from tests.simulation.end_checks import DAY_MS, rows_expire_at
from tests.simulation.event_checks import iso_time
from tests.simulation.job_checks import JobChecks, ObservedJob
from tests.simulation.lane_checks import LaneChecks, Violation
from tests.simulation.request_checks import (
    AnsweredChange,
    AnsweredCommand,
    AnsweredStatus,
    RequestLog,
    lane_index,
    summary_of_body,
    summary_of_job,
)
from tests.simulation.state_oracle import effective_item

_FINISHED = ("COMPLETED", "FAILED", "CANCELED")
# The kind of an outcome and its reason.
_KindAndReason = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _LifecycleRule:
    """The contract of a lifecycle request: when it is applied, a duplicate or rejected."""

    # Whether this fact is the effect of an applied request.
    applied: Callable[[Fact, Job], bool]
    # Whether a request on a job in this state is a duplicate, or rejected.
    duplicate: Callable[[Job], bool]
    rejected: Callable[[Job, int], bool]
    reasons: tuple[str, ...] = ("job_finished",)


_LIFECYCLE_RULES = {
    "seal": _LifecycleRule(
        applied=lambda fact, _: fact.kind is FactKind.SEALED,
        duplicate=lambda job: job.mode != "open",
        rejected=lambda *_: False,
    ),
    "cancel": _LifecycleRule(
        applied=lambda fact, job: fact.kind is FactKind.CLOSING and fact.reason == "canceled",
        duplicate=lambda job: "CANCELED" in (job.status, job.ending),
        rejected=lambda job, _: (
            job.status != "CANCELED" and (job.finished or job.ending == "FAILED")
        ),
    ),
    "reopen": _LifecycleRule(
        applied=lambda fact, job: fact.kind is FactKind.REOPENED and job.mode == "open",
        # A job that is ending is ended first and reopened then.
        duplicate=lambda job: not job.finished and job.ending is None,
        # Not during the last day before its rows expire.
        rejected=lambda job, now: job.finished and rows_expire_at(job) - now <= DAY_MS,
        reasons=("retention_over",),
    ),
    "resume": _LifecycleRule(
        applied=lambda fact, job: fact.kind is FactKind.REOPENED and job.resume_gate > 0,
        duplicate=lambda job: not job.finished and job.resumed_epoch == job.epoch,
        # Nor while it runs in an epoch that began without its canceled items.
        rejected=lambda job, now: (
            rows_expire_at(job) - now <= DAY_MS if job.finished else job.resumed_epoch != job.epoch
        ),
        reasons=("retention_over", "job_running"),
    ),
}


_LIFECYCLE_RULES |= {
    "start": _LifecycleRule(
        # One that the clock started nobody is credited with.
        applied=lambda fact, _: fact.kind is FactKind.STARTED and fact.client_id is not None,
        duplicate=lambda job: job.status != "SCHEDULED",
        rejected=lambda job, _: (
            job.spec.execute_at is not None
            and job.started_at is None
            and (job.finished or job.ending is not None)
        ),
    ),
    "pause": _LifecycleRule(
        applied=lambda fact, _: fact.kind is FactKind.PAUSED,
        duplicate=lambda job: job.held and job.status == "RUNNING",
        rejected=lambda job, _: job.finished or job.ending is not None or job.status == "SCHEDULED",
        reasons=("job_finished", "job_scheduled"),
    ),
    "end pause": _LifecycleRule(
        applied=lambda fact, _: fact.kind is FactKind.RESUMED and fact.client_id is not None,
        duplicate=lambda job: not job.held,
        rejected=lambda job, _: job.status == "SCHEDULED",
        reasons=("job_scheduled",),
    ),
}


@dataclass(slots=True)
class AnswerChecks:
    request_log: RequestLog
    lanes: LaneChecks
    jobs: JobChecks
    # Facts that answers were matched with: each is the effect of one request.
    _credited_facts: set[tuple[str, int]] = field(default_factory=set)
    # Commands answered as applied, by job, mark and number of events.
    _applied: set[tuple[str, str, int]] = field(default_factory=set)

    def after_step(self, commits: int) -> None:
        """Compare the answers of the last step with what was committed."""
        request_log = self.request_log
        if request_log.command_answers:
            self._check_command_answers()
        for answer in request_log.lifecycle_answers:
            self._check_lifecycle_answer(answer)
        for status_answer in request_log.status_answers:
            self._check_status(status_answer, commits)
        request_log.lifecycle_answers.clear()
        request_log.status_answers.clear()

    def _check_command_answers(self) -> None:
        for answer in self.request_log.command_answers:
            self._check_command_answer(answer)
        self.request_log.command_answers.clear()

    def _check_command_answer(self, answer: AnsweredCommand) -> None:
        name, outcome = answer.command.item_id, answer.outcome
        lane = self.lanes.by_pk[f"JOB#{answer.job_id}#{lane_index(answer.job_id, name)}"]
        kinds = lane.marks.get(answer.mark)
        if kinds is None:
            raise Violation(f"{_where(answer)}: no trace of it")
        reasons = lane.reasons.get(answer.mark, ())
        expected = _expected_answers(answer, kinds[-1], reasons)
        if (outcome.kind, outcome.reason) not in (expected if answer.again else expected[:1]):
            journal = f"the journal has {kinds} for {reasons}"
            raise Violation(f"{_where(answer)}, {journal}: not of {expected}")
        if outcome.kind == "applied":
            applied_once = (answer.job_id, answer.mark, len(kinds))
            if applied_once in self._applied:
                raise Violation(f"{_where(answer)}, and it was applied before")
            self._applied.add(applied_once)
        shown, item = outcome.item, lane.items.get(name)
        # Only if the item has not changed since.
        same = shown is not None and item is not None and shown.offset == item.offset
        if same and shown not in (item, effective_item(lane.head, item)):
            raise Violation(f"{_where(answer)} and showed {shown}: {item}")

    def _check_lifecycle_answer(self, answer: AnsweredChange) -> None:
        rule, observed = _LIFECYCLE_RULES[answer.what], self.jobs.by_pk[f"JOB#{answer.job_id}"]
        versions = observed.versions[answer.facts_before - 1 :]
        where = f"answered {answer.outcome} to a {answer.what} of {answer.job_id}"
        if answer.outcome == "applied":
            versions = observed.versions[self._fact_of(where, rule, observed, answer) :]
        elif answer.outcome == "duplicate":
            if not any(rule.duplicate(version) for version in versions):
                raise Violation(f"{where}: {versions}")
        elif answer.reason == "job_key_reused":
            if answer.what not in ("reopen", "resume") or observed.job.key_moved is None:
                raise Violation(f"{where} for {answer.reason}: {observed.job}")
        elif answer.reason not in rule.reasons or not any(
            rule.rejected(version, self.jobs.world.now) for version in versions
        ):
            raise Violation(f"{where} for {answer.reason}: {versions}")
        if answer.shown and answer.shown not in map(summary_of_job, versions):
            raise Violation(f"{where} and showed {answer.shown}: {versions}")

    def _fact_of(
        self, where: str, rule: _LifecycleRule, observed: ObservedJob, answer: AnsweredChange
    ) -> int:
        for number in range(answer.facts_before, len(observed.facts)):
            fact_key = (answer.job_id, number)
            matches = rule.applied(observed.facts[number], observed.versions[number])
            if matches and fact_key not in self._credited_facts:
                self._credited_facts.add(fact_key)
                return number
        raise Violation(f"{where}: no such fact")

    def _check_status(self, answer: AnsweredStatus, commits: int) -> None:
        shown, observed = answer.shown, self.jobs.by_pk[f"JOB#{answer.job_id}"]
        states = ("pending", "inProgress", "completed", "failed", "canceled")
        if shown["total"] != sum(shown[state] for state in states):
            raise Violation(f"showed {shown}")
        _check_pace(shown)
        versions = observed.versions[answer.facts_before - 1 :]
        if not any(
            summary_of_body(shown) == summary_of_job(job) and _details_match(shown, job)
            for job in versions
        ):
            raise Violation(f"showed {shown}: {versions}")
        if commits != answer.commits:
            # Others wrote while the status was read.
            return
        counts = self.jobs.total(observed.job)
        if [shown[state] for state in states] != list(counts.values()):
            raise Violation(f"showed {shown}, the lanes count {counts}")
        lanes = self.jobs.lanes_of(observed.job)
        if shown["retrying"] != sum(len(lane.fold.retrying) for lane in lanes):
            raise Violation(f"showed {shown['retrying']} items retrying")
        if (
            shown["name"] != observed.job.spec.name
            or shown["isComplete"] is not observed.job.finished
        ):
            raise Violation(f"showed {shown} for {observed.job}")


def _check_pace(shown: Any) -> None:
    unfinished = shown["pending"] + shown["inProgress"]
    if shown["retrying"] > unfinished or (unfinished and shown["progress"] >= 1):
        raise Violation(f"showed {shown}")
    if shown["held"] and shown["etaSeconds"] is not None:
        raise Violation(f"showed {shown}")
    moves = shown["itemsPerSecond"] or shown["etaSeconds"] is not None
    if shown["unchangedSeconds"] is not None and (moves or shown["isComplete"]):
        raise Violation(f"showed {shown}")


def _where(answer: AnsweredCommand) -> str:
    outcome = answer.outcome
    return f"answered {outcome.kind} for {outcome.reason} to {answer.command}"


def _expected_answers(
    answer: AnsweredCommand, kind: EventKind, reasons: Sequence[Reason]
) -> list[_KindAndReason]:
    """The answer to a command that left this event, then the answers to its repetitions."""
    rejections: list[_KindAndReason] = [("rejected", reason) for reason in reversed(reasons)]
    if kind == "rejected":
        return rejections
    item, again = answer.outcome.item, [("duplicate", None)]
    if answer.command.kind == "claim":
        # A worker that lost the item must not begin.
        stale = ("rejected", "stale_attempt")
        if answer.state_over_http in _FINISHED:
            again = [("rejected", f"already_{answer.state_over_http.lower()}")]
        elif item is None:
            again.append(stale)
        elif _taken_over(item, answer.command):
            again = [stale]
    # A duplicate claim is granted too: its worker holds the item already.
    return [*([] if kind == "duplicate" else [("applied", None)]), *again, *rejections]


def _taken_over(item: Item, claim: Command) -> bool:
    other = item.worker_id != claim.worker_id
    later = claim.attempt is not None and item.attempt > claim.attempt
    return item.state == "IN_PROGRESS" and (other or later)


def _details_match(shown: dict[str, Any], job: Job) -> bool:
    """Whether the times, ending and reason in an answer are those of the job."""
    seconds = None if job.status == "SCHEDULED" else job.spec.deadline_seconds
    deadline = None if seconds is None else job.opened_at + seconds * 1000
    started = job.spec.created_at if job.spec.execute_at is None else job.started_at
    return (
        shown["createdAt"] == iso_time(job.spec.created_at)
        and shown["openedAt"] == iso_time(job.opened_at)
        and shown["sealedAt"] == _optional_time(job.sealed_at)
        and shown["completedAt"] == _optional_time(job.finished_at)
        and shown["held"] is job.held
        and shown["executeAt"] == _optional_time(job.spec.execute_at)
        and shown["startedAt"] == _optional_time(started)
        and shown["pausedUntil"] == _optional_time(job.paused_until)
        and shown["deadlineAt"] == _optional_time(deadline)
        and shown["ending"] == job.ending
        and shown["reason"] == job.ending_reason
    )


def _optional_time(at: int | None) -> str | None:
    return None if at is None else iso_time(at)
