"""What ForgeLedger promises, held against what the demo saw."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forgeledger.demo.plan import Plan
from forgeledger.sdk.records import Event, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    name: str
    held: bool
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What the events of a job add up to."""

    completed: Counter[str]
    failed: Counter[str]
    # Came to a second worker without having failed: what a killed one had in hand.
    taken_over: frozenset[str]
    # Commands that changed nothing: repetitions, and those that came too late.
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


def examine(
    plan: Plan,
    job: Job,
    journal: Journal,
    events: Sequence[Mapping[str, Any]],
    killed: Sequence[str],
) -> list[Promise]:
    return [
        _counts(plan, job),
        _each_once(plan, journal),
        _one_event(job, events),
        _retried(plan, journal),
        _taken_over(journal, killed),
    ]


def _counts(plan: Plan, job: Job) -> Promise:
    states = job.pending + job.in_progress + job.completed + job.failed + job.canceled
    right = job.completed == job.total == states == plan.items and job.status == "COMPLETED"
    told = f"{job.status}: {job.completed:,} completed, {job.failed:,} failed of {job.total:,}"
    return Promise(name="the counts are right", held=right, told=told)


def _each_once(plan: Plan, journal: Journal) -> Promise:
    twice = sum(1 for count in journal.completed.values() if count > 1)
    missing = plan.items - len(journal.completed)
    told = f"{len(journal.completed):,} items once, {twice} twice, {missing} never; "
    told += f"{journal.without_effect} repeated or late commands changed nothing"
    return Promise(
        name="each item completed exactly once", held=not twice and not missing, told=told
    )


def _one_event(job: Job, events: Sequence[Mapping[str, Any]]) -> Promise:
    told = f"{len(events)} received"
    right = len(events) == 1
    if right:
        detail = events[0]["detail"]
        seen = {name: detail.get(name) for name in ("status", "total", "completed", "failed")}
        known = {
            "status": job.status,
            "total": job.total,
            "completed": job.completed,
            "failed": job.failed,
        }
        right = seen == known and detail.get("jobId") == job.job_id
        told += ", with the job's counts" if right else f", but it says {seen}"
    return Promise(name="one job.completed event", held=right, told=told)


def _retried(plan: Plan, journal: Journal) -> Promise:
    """An item whose first attempt was lost with the killed worker fails no more."""
    failing = plan.failing
    failed, lost = failing & journal.failed.keys(), failing & journal.taken_over
    given_up = [item for item in journal.failed if not journal.completed[item]]
    told = f"{len(failed):,} of {len(failing):,} items failed at first"
    if lost:
        told += f", the first attempts of {len(lost):,} were lost with a killed worker"
    if unseen := len(failing) - len(failed | lost):
        told += f", {unseen:,} never failed"
    if others := len(journal.failed.keys() - failing):
        told += f", and {others:,} others did"
    told += f"; {len(given_up):,} did not complete after it"
    held = not unseen and not given_up
    return Promise(name="failures were retried", held=held, told=told)


def _taken_over(journal: Journal, killed: Sequence[str]) -> Promise:
    told = f"{', '.join(killed) or 'nobody'} was killed; "
    told += f"{len(journal.taken_over)} items came to others"
    held = len(killed) == 1 and bool(journal.taken_over)
    return Promise(name="nothing was lost with a worker", held=held, told=told)
