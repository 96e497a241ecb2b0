"""What people were answered: it has happened, and what they were shown is how it was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.outcomes import Reason
from tests.simulation.end_checks import DAY_MS, rows_vanish_at
from tests.simulation.event_checks import written
from tests.simulation.job_checks import JobChecks, JobTruth
from tests.simulation.lane_checks import LaneChecks, Violation
from tests.simulation.request_checks import (
    Asked,
    ItemAnswer,
    LifeAnswer,
    Look,
    lane_index,
    shown_in,
    shown_of,
)
from tests.simulation.state_oracle import as_it_stands

# A verdict and its reason.
_Answer = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _Request:
    """What a request about a job leads to, as the contract has it."""

    # The fact of one that was applied.
    granted: Callable[[Fact, Job], bool]
    # How the job stood when it had nothing to do, and when it was refused.
    repeated: Callable[[Job], bool]
    refused: Callable[[Job, int], bool]
    reason: str = "job_finished"


_REQUESTS = {
    "seal": _Request(
        granted=lambda fact, _: fact.kind is FactKind.SEALED,
        repeated=lambda job: job.mode != "open",
        refused=lambda *_: False,
    ),
    "cancel": _Request(
        granted=lambda fact, job: fact.kind is FactKind.CLOSING and job.ending == "CANCELED",
        repeated=lambda job: "CANCELED" in (job.status, job.ending),
        refused=lambda job, _: (
            job.status != "CANCELED" and (job.finished or job.ending == "FAILED")
        ),
    ),
    "reopen": _Request(
        granted=lambda fact, job: fact.kind is FactKind.REOPENED and job.mode == "open",
        # One that is ending ends first, and then it is reopened.
        repeated=lambda job: not job.finished and job.ending is None,
        # Not later than a day before its rows vanish.
        refused=lambda job, now: job.finished and rows_vanish_at(job) - now <= DAY_MS,
        reason="retention_over",
    ),
}


@dataclass(slots=True)
class AnswerChecks:
    asked: Asked
    lanes: LaneChecks
    jobs: JobChecks
    # Facts that were answered for: each is the doing of one request.
    _spent: set[tuple[str, int]] = field(default_factory=set)
    # Commands that were answered as applied, by job, mark and number of events.
    _applied: set[tuple[str, str, int]] = field(default_factory=set)

    def stepped(self, commits: int) -> None:
        """Compare the answers given since the last time with what was committed until now."""
        asked = self.asked
        if asked.answers:
            self._of_items()
        for answer in asked.lives:
            self._of_life(answer)
        for look in asked.looks:
            self._of_look(look, commits)
        asked.lives.clear()
        asked.looks.clear()

    def _of_items(self) -> None:
        for answer in self.asked.answers:
            self._of_item(answer)
        self.asked.answers.clear()

    def _of_item(self, answer: ItemAnswer) -> None:
        name, outcome = answer.command.item_id, answer.outcome
        truth = self.lanes.truths[f"JOB#{answer.job_id}#{lane_index(answer.job_id, name)}"]
        kinds = truth.marks.get(answer.mark)
        if kinds is None:
            raise Violation(f"{_where(answer)}: no trace of it")
        reasons = truth.reasons.get(answer.mark, ())
        lawful = _lawful(answer, kinds[-1], reasons)
        if (outcome.kind, outcome.reason) not in (lawful if answer.again else lawful[:1]):
            found = f"the journal has {kinds} for {reasons}"
            raise Violation(f"{_where(answer)}, {found}: not of {lawful}")
        if outcome.kind == "applied":
            this = (answer.job_id, answer.mark, len(kinds))
            if this in self._applied:
                raise Violation(f"{_where(answer)}, and it was applied before")
            self._applied.add(this)
        shown, item = outcome.item, truth.items.get(name)
        # Where it has not changed since.
        same = shown is not None and item is not None and shown.offset == item.offset
        if same and shown not in (item, as_it_stands(truth.head, item)):
            raise Violation(f"{_where(answer)} and showed {shown}: {item}")

    def _of_life(self, answer: LifeAnswer) -> None:
        request, truth = _REQUESTS[answer.what], self.jobs.truths[f"JOB#{answer.job_id}"]
        stages = truth.stages[answer.begun - 1 :]
        where = f"answered {answer.outcome} to a {answer.what} of {answer.job_id}"
        if answer.outcome == "applied":
            stages = truth.stages[self._granted(where, request, truth, answer) :]
        elif answer.outcome == "duplicate":
            if not any(request.repeated(stage) for stage in stages):
                raise Violation(f"{where}: {stages}")
        elif answer.reason != request.reason or not any(
            request.refused(stage, self.jobs.world.now) for stage in stages
        ):
            raise Violation(f"{where} for {answer.reason}: {stages}")
        if answer.shown and answer.shown not in map(shown_of, stages):
            raise Violation(f"{where} and showed {answer.shown}: {stages}")

    def _granted(self, where: str, request: _Request, truth: JobTruth, answer: LifeAnswer) -> int:
        for number in range(answer.begun, len(truth.facts)):
            this = (answer.job_id, number)
            granted = request.granted(truth.facts[number], truth.stages[number])
            if granted and this not in self._spent:
                self._spent.add(this)
                return number
        raise Violation(f"{where}: nothing was done")

    def _of_look(self, look: Look, commits: int) -> None:
        shown, truth = look.shown, self.jobs.truths[f"JOB#{look.job_id}"]
        states = ("pending", "inProgress", "completed", "failed", "canceled")
        if shown["total"] != sum(shown[state] for state in states):
            raise Violation(f"showed {shown}")
        stages = truth.stages[look.begun - 1 :]
        if not any(shown_in(shown) == shown_of(job) and _told_of(shown, job) for job in stages):
            raise Violation(f"showed {shown}: {stages}")
        if commits != look.commits:
            # Somebody wrote while it was read.
            return
        counts = self.jobs.total(truth.job)
        if [shown[state] for state in states] != list(counts.values()):
            raise Violation(f"showed {shown}, the lanes count {counts}")
        if shown["name"] != truth.job.spec.name or shown["isComplete"] is not truth.job.finished:
            raise Violation(f"showed {shown} for {truth.job}")


def _where(answer: ItemAnswer) -> str:
    outcome = answer.outcome
    return f"answered {outcome.kind} for {outcome.reason} to {answer.command}"


def _lawful(answer: ItemAnswer, kind: EventKind, reasons: Sequence[Reason]) -> list[_Answer]:
    """What a command is answered that left this event, and then what it may be when repeated."""
    refused: list[_Answer] = [("rejected", reason) for reason in reversed(reasons)]
    if kind == "rejected":
        return refused
    item, again = answer.outcome.item, [("duplicate", None)]
    if answer.command.kind == "claim":
        # Whoever has lost the item must not begin; over HTTP nobody looks at who has it.
        taken = ("rejected", "stale_attempt")
        again = (
            [*again, taken] if item is None else [taken] if _lost(item, answer.command) else again
        )
    # A claim that was a duplicate was granted as well, to who had the item already.
    return [*([] if kind == "duplicate" else [("applied", None)]), *again, *refused]


def _lost(item: Item, claim: Command) -> bool:
    other = item.worker_id != claim.worker_id
    later = claim.attempt is not None and item.attempt > claim.attempt
    return item.state == "IN_PROGRESS" and (other or later)


def _told_of(shown: dict[str, Any], job: Job) -> bool:
    """Whether all the rest that is told of a job over HTTP is as the contract has it."""
    seconds = job.spec.deadline_seconds
    deadline = None if seconds is None else job.opened_at + seconds * 1000
    return (
        shown["createdAt"] == written(job.spec.created_at)
        and shown["openedAt"] == written(job.opened_at)
        and shown["sealedAt"] == _if_any(job.sealed_at)
        and shown["completedAt"] == _if_any(job.finished_at)
        and shown["deadlineAt"] == _if_any(deadline)
        and shown["ending"] == job.ending
        and shown["reason"] == job.ending_reason
    )


def _if_any(at: int | None) -> str | None:
    return None if at is None else written(at)
