"""Taking in a batch of queue messages: commands to their lanes, what can never be applied aside."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from forgeledger.domain.commands import Command
from forgeledger.errors import JobNotFound
from forgeledger.usecases.applying import Applied, Applier
from forgeledger.usecases.parallel import Parallel

INVALID = "invalid"
UNKNOWN_JOB = "unknown_job"


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule of one command in the message, by its index, or of the whole message."""

    field: str
    rule: str
    index: int | None = None
    reason: str = INVALID


@dataclass(frozen=True, slots=True)
class Addressed:
    """A command with its job and lane, and its place in the message."""

    job_id: str
    lane: int
    command: Command
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a message says: its commands, and what is wrong with the others."""

    commands: tuple[Addressed, ...] = ()
    problems: tuple[Problem, ...] = ()
    # All commands as they came, so that the bad ones can be given back.
    raw: tuple[Any, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneReport:
    """What came of one lane's share of the batch."""

    job_id: str
    lane: int
    commands: int
    verdicts: Counter[str]
    conflicts: int = 0
    # How long the oldest command was on its way.
    lag_ms: int = 0
    # Without its job none of the commands can ever be applied.
    job_found: bool = True
    # What failed for a passing reason.
    error: Exception | None = None


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

    def take_in(self, messages: Sequence[Message], has_time: Callable[[], bool]) -> TakenIn:
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
            if not report.job_found:
                for number, part in zip(share.numbers, share.parts, strict=True):
                    problem = Problem("jobId", "there is no such job", part.index, UNKNOWN_JOB)
                    problems.setdefault(number, []).append(problem)
            elif report.error is not None:
                unapplied.update(share.numbers)
        return self._closed(messages, unapplied, problems, reports)

    def _apply(
        self, share: _Share, messages: Sequence[Message], has_time: Callable[[], bool]
    ) -> LaneReport:
        applied, error, job_found = Applied(outcomes=()), None, True
        if has_time():
            try:
                commands = [part.command for part in share.parts]
                applied = self.applier.apply(share.job_id, share.lane, commands)
            except JobNotFound:
                job_found = False
            except Exception as raised:  # noqa: BLE001 - a lane's trouble must not touch the others.
                error = raised
        else:
            error = TimeoutError("no time left in this invocation")
        oldest = min(
            part.command.sent_at or messages[number].sent_at
            for number, part in zip(share.numbers, share.parts, strict=True)
        )
        return LaneReport(
            job_id=share.job_id,
            lane=share.lane,
            commands=len(share.parts),
            verdicts=Counter(str(outcome.verdict) for outcome in applied.outcomes),
            conflicts=applied.conflicts,
            lag_ms=max(0, self.clock() - oldest),
            job_found=job_found,
            error=error,
        )

    def _closed(
        self,
        messages: Sequence[Message],
        unapplied: set[int],
        problems: dict[int, list[Problem]],
        reports: Iterable[LaneReport],
    ) -> TakenIn:
        """Put the bad ones aside and report the rest of each group behind its first failure."""
        failed: list[str] = []
        stopped: set[str] = set()
        errors: list[Exception] = []
        rejections: list[tuple[str, tuple[Problem, ...]]] = []
        for number, message in enumerate(messages):
            fine = number not in unapplied and message.group_id not in stopped
            if fine and number in problems:
                try:
                    self.rejects.put(message, problems[number])
                    rejections.append((message.message_id, tuple(problems[number])))
                except Exception as raised:  # noqa: BLE001 - the message is kept by its own queue.
                    errors.append(raised)
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


def _shares(messages: Sequence[Message]) -> list[_Share]:
    shares: dict[tuple[str, int], _Share] = {}
    for number, message in enumerate(messages):
        for part in message.body.commands:
            address = (part.job_id, part.lane)
            share = shares.setdefault(address, _Share(part.job_id, part.lane))
            share.numbers.append(number)
            share.parts.append(part)
    return list(shares.values())
