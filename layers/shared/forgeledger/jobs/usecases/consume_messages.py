"""Taking in a batch of queue messages: commands to their lanes, what can never be applied aside."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from forgeledger.errors import JobNotFound, OutOfTime
from forgeledger.fast_dataclass import quickly_made
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.outcomes import Outcome
from forgeledger.jobs.usecases.apply_commands import Applier
from forgeledger.parallel import Parallel
from forgeledger.runtime import HasTime

# What is wrong where it is no field of a command, but the whole of it.
COMMAND = "command"
INVALID = "invalid"
UNKNOWN_JOB = "unknown_job"
# A queue keeps a message no longer: what claims to be older comes from a clock that is wrong.
_OLDEST_MS: Final = 14 * 24 * 3_600 * 1_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule of one command in the message, by its index, or of the whole message."""

    field: str
    rule: str
    index: int | None = None
    reason: str = INVALID


@quickly_made
@dataclass(frozen=True, slots=True)
class Addressed:
    """A command with its job and lane, and its place in the message."""

    job_id: str
    lane: int
    command: Command
    index: int


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a message says: its commands, and what is wrong with the others."""

    commands: tuple[Addressed, ...] = ()
    problems: tuple[Problem, ...] = ()
    # All commands as they came, so that the bad ones can be given back.
    raw: tuple[Any, ...] = ()
    # Names that stand beside a list of commands, where nothing reads them.
    beside: frozenset[str] = frozenset()

    def placed(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems, in a message of many commands with the command's place in each field."""
        if len(self.raw) == 1:
            return tuple(problems)
        return tuple(
            problem if problem.index is None else replace(problem, field=_path(problem))
            for problem in problems
        )


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    message_id: str
    group_id: str
    sent_at: int
    text: str
    body: Body


class RejectQueue(Protocol):
    def put(self, message: Message, problems: Sequence[Problem]) -> None:
        """Keep what is wrong with a message, and why, or raise. Repeating it is harmless."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class LaneReport:
    """What came of one lane's share of the batch."""

    job_id: str
    lane: int
    commands: int
    # Of the commands that were applied: all of them, unless something stopped it.
    verdicts: Counter[str]
    conflicts: int = 0
    # How long the oldest of them was on its way; None where there is none.
    lag_ms: int | None = None
    # Without its job none of the commands can ever be applied.
    job_found: bool = True
    # What failed for a passing reason.
    error: Exception | None = None

    @property
    def settled(self) -> int:
        """How many commands need not come again."""
        return self.verdicts.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """Which messages have to come again, in order; and what is to be told of the batch."""

    failed: tuple[str, ...]
    lanes: tuple[LaneReport, ...]
    # What was put aside, by message, and why.
    rejections: tuple[tuple[str, tuple[Problem, ...]], ...]
    errors: tuple[Exception, ...]

    @property
    def rejected(self) -> int:
        return len(self.rejections)


@dataclass(slots=True)
class _Share:
    """A lane's commands in the order of the batch, each with the number of its message."""

    job_id: str
    lane: int
    numbers: list[int] = field(default_factory=list)
    parts: list[Addressed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Intake:
    applier: Applier
    rejects: RejectQueue
    clock: Callable[[], int]
    parallel: Parallel

    def take_in(self, messages: Sequence[Message], has_time: HasTime) -> TakenIn:
        """Apply all lanes side by side; what fails for a passing reason comes again, in order."""
        shares = _shares(messages)
        reports = self.parallel(lambda share: self._apply(share, messages, has_time), shares)
        unapplied: set[int] = set()
        problems: dict[int, list[Problem]] = {
            number: list(message.body.problems)
            for number, message in enumerate(messages)
            if message.body.problems
        }
        for share, report in zip(shares, reports, strict=True):
            rest = slice(report.settled, None)
            if not report.job_found:
                for number, part in zip(share.numbers[rest], share.parts[rest], strict=True):
                    problem = Problem("jobId", "there is no such job", part.index, UNKNOWN_JOB)
                    problems.setdefault(number, []).append(problem)
            elif report.error is not None:
                unapplied.update(share.numbers[rest])
        return self._closed(messages, unapplied, problems, reports, has_time)

    def _apply(self, share: _Share, messages: Sequence[Message], has_time: HasTime) -> LaneReport:
        outcomes: list[Outcome] = []
        conflicts = 0
        error, job_found = None, True
        commands = [part.command for part in share.parts]
        try:
            for step in self.applier.steps(share.job_id, share.lane, commands, has_time):
                outcomes += step.outcomes
                conflicts += step.conflicts
        except JobNotFound:
            job_found = False
        except Exception as raised:  # noqa: BLE001 - a lane's trouble must not touch the others.
            error = raised
        return LaneReport(
            job_id=share.job_id,
            lane=share.lane,
            commands=len(commands),
            verdicts=Counter(str(outcome.verdict) for outcome in outcomes),
            conflicts=conflicts,
            lag_ms=self._lag(share, len(outcomes), messages),
            job_found=job_found,
            error=error,
        )

    def _lag(self, share: _Share, settled: int, messages: Sequence[Message]) -> int | None:
        """From when the oldest command that was applied happened, or was sent, until now."""
        now = self.clock()
        lags = [
            now - _happened(part.command, messages[number].sent_at, now)
            for number, part in zip(share.numbers[:settled], share.parts[:settled], strict=True)
        ]
        return max(0, *lags) if lags else None

    def _closed(
        self,
        messages: Sequence[Message],
        unapplied: set[int],
        problems: dict[int, list[Problem]],
        reports: Iterable[LaneReport],
        has_time: HasTime,
    ) -> TakenIn:
        """Put the bad ones aside and report the rest of each group behind its first failure."""
        failed: list[str] = []
        stopped: set[str] = set()
        errors: list[Exception] = []
        rejections: list[tuple[str, tuple[Problem, ...]]] = []
        for number, message in enumerate(messages):
            fine = number not in unapplied and message.group_id not in stopped
            if fine and number in problems:
                found = message.body.placed(problems[number])
                error = self._put_aside(message, found, has_time)
                if error is None:
                    rejections.append((message.message_id, found))
                else:
                    errors.append(error)
                    fine = False
            if not fine:
                stopped.add(message.group_id)
                failed.append(message.message_id)
        return TakenIn(
            failed=tuple(failed),
            lanes=tuple(reports),
            rejections=tuple(rejections),
            errors=tuple(errors),
        )

    def _put_aside(
        self, message: Message, problems: Sequence[Problem], has_time: HasTime
    ) -> Exception | None:
        """Why it could not be done, if so: the message is kept by its own queue."""
        if not has_time():
            return OutOfTime("reject queue")
        try:
            self.rejects.put(message, problems)
        except Exception as raised:  # noqa: BLE001 - a message's trouble must not touch the others.
            return raised
        return None


def _path(problem: Problem) -> str:
    command = f"commands[{problem.index}]"
    return command if problem.field == COMMAND else f"{command}.{problem.field}"


def _happened(command: Command, sent_at: int, now: int) -> int:
    """When the sender says, unless its clock is wrong: then when the queue got the message."""
    at = command.sent_at
    return sent_at if at is None or not now - _OLDEST_MS <= at <= sent_at else at


def _shares(messages: Sequence[Message]) -> list[_Share]:
    shares: dict[tuple[str, int], _Share] = {}
    for number, message in enumerate(messages):
        for part in message.body.commands:
            address = (part.job_id, part.lane)
            share = shares.setdefault(address, _Share(part.job_id, part.lane))
            share.numbers.append(number)
            share.parts.append(part)
    return list(shares.values())
