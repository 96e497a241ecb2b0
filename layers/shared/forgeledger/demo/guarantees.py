"""Checks what the demo observed against what ForgeLedger guarantees."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forgeledger.demo.plan import Plan
from forgeledger.plural import plural
from forgeledger.sdk.records import Event, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    name: str
    held: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The totals of a job's events."""

    completed: Counter[str]
    failed: Counter[str]
    # Items that never failed and needed a second attempt: the killed worker had them.
    taken_over: frozenset[str]
    # Duplicate and rejected commands.
    without_effect: int

    @classmethod
    def read(cls, events: Iterable[Event]) -> "Journal":
        by_type: dict[str, Counter[str]] = {name: Counter() for name in ("completed", "failed")}
        later_attempts: set[str] = set()
        without_effect = 0
        for event in events:
            if event.type in by_type and event.item_id is not None:
                by_type[event.type][event.item_id] += 1
                if event.type == "completed" and (event.attempt or 1) > 1:
                    later_attempts.add(event.item_id)
            elif event.type in {"duplicate", "rejected"}:
                without_effect += 1
        return cls(
            completed=by_type["completed"],
            failed=by_type["failed"],
            taken_over=frozenset(later_attempts - by_type["failed"].keys()),
            without_effect=without_effect,
        )

    @property
    def failed_then_completed(self) -> str | None:
        return min((item for item in self.failed if self.completed[item]), default=None)


def check_guarantees(
    plan: Plan,
    job: Job,
    journal: Journal,
    events: Sequence[Mapping[str, Any]],
    killed: Sequence[str],
) -> list[Guarantee]:
    return [
        _counts(plan, job),
        _completed_once(plan, journal),
        _one_event(job, events),
        _retried(plan, journal),
        _taken_over(journal, killed),
    ]


def _counts(plan: Plan, job: Job) -> Guarantee:
    states = job.pending + job.in_progress + job.completed + job.failed + job.canceled
    held = job.completed == job.total == states == plan.items and job.status == "COMPLETED"
    message = f"{job.status}: {job.completed:,} completed, {job.failed:,} failed of {job.total:,}"
    return Guarantee(name="the counts are right", held=held, message=message)


def _completed_once(plan: Plan, journal: Journal) -> Guarantee:
    twice = sum(1 for count in journal.completed.values() if count > 1)
    missing = plan.items - len(journal.completed)
    without_effect = plural(journal.without_effect, "repeated or late command")
    message = (
        f"{plural(len(journal.completed), 'item')} once, {twice} twice, {missing} never; "
        f"{without_effect} changed nothing"
    )
    held = not twice and not missing
    return Guarantee(name="each item completed exactly once", held=held, message=message)


def _one_event(job: Job, events: Sequence[Mapping[str, Any]]) -> Guarantee:
    message = f"{len(events)} received"
    held = len(events) == 1
    if held:
        detail = events[0]["detail"]
        names = ("status", "total", "completed", "failed")
        in_event = {name: detail.get(name) for name in names}
        in_job = {name: getattr(job, name) for name in names}
        held = in_event == in_job and detail.get("jobId") == job.job_id
        message += ", with the job's counts" if held else f", but it has {in_event}"
    return Guarantee(name="one job.completed event", held=held, message=message)


def _retried(plan: Plan, journal: Journal) -> Guarantee:
    """An item whose first attempt was lost with the killed worker does not fail any more."""
    failing = plan.failing
    failed, lost = failing & journal.failed.keys(), failing & journal.taken_over
    not_completed = [item for item in journal.failed if not journal.completed[item]]
    message = f"{len(failed):,} of {plural(len(failing), 'item')} failed at first"
    if lost:
        attempts = plural(len(lost), "first attempt was", "first attempts were")
        message += f", {attempts} lost with a killed worker"
    if never := len(failing) - len(failed | lost):
        message += f", {never:,} never failed"
    if others := len(journal.failed.keys() - failing):
        message += f"; {plural(others, 'other')} failed as well"
    message += f"; {len(not_completed):,} did not complete after it"
    held = not never and not not_completed
    return Guarantee(name="failures were retried", held=held, message=message)


def _taken_over(journal: Journal, killed: Sequence[str]) -> Guarantee:
    taken_over = plural(len(journal.taken_over), "item was", "items were")
    message = f"{', '.join(killed) or 'no worker'} was killed; {taken_over} taken over by others"
    held = len(killed) == 1 and bool(journal.taken_over)
    return Guarantee(name="nothing was lost with a worker", held=held, message=message)
