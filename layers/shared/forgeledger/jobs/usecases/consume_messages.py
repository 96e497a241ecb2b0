"""Route commands to their lanes; send what can never be applied to the reject queue."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from forgeledger.errors import JobNotFound, StorageBusy
from forgeledger.jobs.model.commands import NOT_REMEMBERED, Command
from forgeledger.jobs.model.intake_result import (
    IntakeResult,
    JobEnd,
    LaneReport,
    RejectedMessage,
)
from forgeledger.jobs.model.limits import COMMANDS_PER_ITEM
from forgeledger.jobs.model.message import (
    UNKNOWN_JOB,
    CommandProblem,
    Message,
    RoutedCommand,
    has_many_of_one_item,
)
from forgeledger.jobs.model.outcomes import Outcome
from forgeledger.jobs.model.redelivery import delays
from forgeledger.jobs.ports import CommandQueue, JobView, RejectQueue
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.parallel import Parallel
from forgeledger.runtime import (
    REQUEST_MS,
    SEND_MS,
    Clock,
    HasTime,
    RemainingMs,
    before_deadline,
)

# SQS retains a message no longer: an older time comes from a wrong clock.
_OLDEST_MS: Final = 14 * 24 * 3_600 * 1_000
# How often a busy lane is tried; an invocation's time ends before.
_BUSY_TRIES: Final = 100
# How long the messages, which are done, may wait for the ends of their jobs.
_ENDS_MS: Final = 3_000


@dataclass(slots=True)
class _Share:
    """A lane's commands in the order of the batch, each with the index of its message."""

    job_id: str
    lane: int
    routed: list[tuple[int, RoutedCommand]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Intake:
    lane_writer: LaneWriter
    advancer: JobAdvancer
    commands: CommandQueue
    rejects: RejectQueue
    clock: Clock
    parallel: Parallel

    def consume(self, messages: Sequence[Message], remaining_ms: RemainingMs) -> IntakeResult:
        """Apply all lanes in parallel; a failure that may pass is redelivered, in order.

        Then advance the jobs that may be done, so that their events need not wait for the stream.
        """
        received = messages
        messages, held_back = _recognisable(messages)
        has_time = before_deadline(remaining_ms)
        shares = _shares(messages)
        applied = self.parallel(partial(self._apply, messages, has_time), shares)
        reports = [report for report, _ in applied]
        unapplied: set[int] = set()
        problems = [list(message.body.problems) for message in messages]
        for share, report in zip(shares, reports, strict=True):
            rest = share.routed[report.outcomes.total() :]
            if not report.job_found:
                for index, routed in rest:
                    problems[index].append(
                        CommandProblem("jobId", "there is no such job", routed.index, UNKNOWN_JOB)
                    )
            elif report.error is not None:
                unapplied.update(index for index, _ in rest)
        may_send = before_deadline(remaining_ms, SEND_MS)
        result = self._reject_or_redeliver(messages, unapplied, problems, reports, may_send)
        if held_back or result.failed:
            result = self._delay(received, replace(result, held_back=held_back), may_send)
        finished = {report.job_id: job for report, job in applied if report.lane_finished}
        return replace(result, ends=self._end(finished, remaining_ms))

    def _end(
        self, finished: Mapping[str, JobView | None], remaining_ms: RemainingMs
    ) -> tuple[JobEnd, ...]:
        """Advance these jobs; what a slow table or bus leaves undone, the relay does."""
        if not finished:
            return ()
        # Enough for an event and the mark that it is published, which belong together.
        reserve_ms = max(REQUEST_MS + SEND_MS, remaining_ms() - _ENDS_MS)
        has_time = before_deadline(remaining_ms, reserve_ms)
        return tuple(self.parallel(partial(self._advance, has_time), tuple(finished.items())))

    def _advance(self, has_time: HasTime, finished: tuple[str, JobView | None]) -> JobEnd:
        job_id, job = finished
        try:
            advanced = self.advancer.advance(job_id, has_time, job)
        except Exception as error:  # noqa: BLE001 - the messages are done; the relay advances it.
            return JobEnd(job_id=job_id, error=error)
        return JobEnd(job_id=job_id, events_published=advanced.events_published if advanced else 0)

    def _apply(
        self, messages: Sequence[Message], has_time: HasTime, share: _Share
    ) -> tuple[LaneReport, JobView | None]:
        """What was done, and the job if it was loaded with the last commit."""
        outcomes: list[Outcome] = []
        conflicts = 0
        error: Exception | None = None
        job: JobView | None = None
        job_found, lane_finished, tries = True, False, 0
        commands = [routed.command for _, routed in share.routed]
        while True:
            rest = commands[len(outcomes) :]
            try:
                for step in self.lane_writer.steps(share.job_id, share.lane, rest, has_time):
                    outcomes += step.outcomes
                    conflicts += step.conflicts
                    lane_finished |= step.lane_finished
                    job = step.job
            except JobNotFound:
                job_found = False
            except StorageBusy as raised:
                # Until then the lane would stand still: nobody else may write it.
                if has_time() and tries < _BUSY_TRIES:
                    self.lane_writer.runtime.pause(tries)
                    tries += 1
                    continue
                error = raised
            except Exception as raised:  # noqa: BLE001 - a lane's failure must not touch the others.
                error = raised
            break
        report = LaneReport(
            job_id=share.job_id,
            lane=share.lane,
            commands=len(commands),
            outcomes=Counter(str(outcome.kind) for outcome in outcomes),
            conflicts=conflicts,
            lag_ms=self._lag(share, len(outcomes), messages),
            job_found=job_found,
            lane_finished=lane_finished,
            error=error,
        )
        return report, job

    def _delay(
        self, messages: Sequence[Message], result: IntakeResult, may_send: HasTime
    ) -> IntakeResult:
        """Redeliver what failed soon, and later with each receive."""
        by_id = {message.message_id: message for message in messages}
        failed = [by_id[message_id] for message_id in result.failed]
        held_back = [by_id[message_id] for message_id in result.held_back]
        try:
            if may_send():
                self.commands.delay(delays(failed, held_back))
        except Exception as error:  # noqa: BLE001 - then the queue's own timeout holds.
            return replace(result, delay_error=error)
        return result

    def _lag(self, share: _Share, applied: int, messages: Sequence[Message]) -> int | None:
        """The time since the oldest applied command happened, or was sent."""
        now = self.clock()
        lags = [
            now - _happened(routed.command, messages[index].sent_at, now)
            for index, routed in share.routed[:applied]
        ]
        return max(0, *lags) if lags else None

    def _reject_or_redeliver(
        self,
        messages: Sequence[Message],
        unapplied: set[int],
        problems: Sequence[Sequence[CommandProblem]],
        reports: Iterable[LaneReport],
        may_send: HasTime,
    ) -> IntakeResult:
        """Reject the invalid commands; redeliver each group from its first failure on."""
        failed: list[str] = []
        stopped_groups: set[str] = set()
        errors: list[Exception] = []
        rejections: list[RejectedMessage] = []
        for index, message in enumerate(messages):
            succeeded = index not in unapplied and message.group_id not in stopped_groups
            if succeeded and problems[index]:
                with_paths = message.body.with_paths(problems[index])
                try:
                    is_whole = self.rejects.put(message, with_paths, may_send)
                    rejections.append(
                        RejectedMessage(
                            message_id=message.message_id, problems=with_paths, is_whole=is_whole
                        )
                    )
                except Exception as error:  # noqa: BLE001 - the queue still holds the message.
                    errors.append(error)
                    succeeded = False
            if not succeeded:
                stopped_groups.add(message.group_id)
                failed.append(message.message_id)
        return IntakeResult(
            failed=tuple(failed),
            lanes=tuple(reports),
            rejections=tuple(rejections),
            errors=tuple(errors),
        )


def _happened(command: Command, sent_at: int, now: int) -> int:
    """The sender's time, or when the queue got the message if that clock is wrong."""
    at = command.sent_at
    return sent_at if at is None or not now - _OLDEST_MS <= at <= sent_at else at


def _recognisable(messages: Sequence[Message]) -> tuple[Sequence[Message], tuple[str, ...]]:
    """The messages to apply, and the ids of those that wait for the next delivery.

    Of messages that are redelivered together each item must remember all commands. So no delivery
    applies more of one item than a message may have; of each group the rest waits, in order.
    """
    every = [routed for message in messages for routed in message.body.commands]
    if len(every) <= COMMANDS_PER_ITEM or not has_many_of_one_item(every):
        return messages, ()
    numbers: Counter[tuple[str, str]] = Counter()
    waiting_groups: set[str] = set()
    taken: list[Message] = []
    held_back: list[str] = []
    for message in messages:
        own = Counter(
            (routed.job_id, routed.command.item_id)
            for routed in message.body.commands
            if routed.command.kind not in NOT_REMEMBERED
        )
        if message.group_id in waiting_groups or any(
            numbers[item] + number > COMMANDS_PER_ITEM for item, number in own.items()
        ):
            waiting_groups.add(message.group_id)
            held_back.append(message.message_id)
        else:
            numbers.update(own)
            taken.append(message)
    return taken, tuple(held_back)


def _shares(messages: Sequence[Message]) -> list[_Share]:
    shares: dict[tuple[str, int], _Share] = {}
    for index, message in enumerate(messages):
        for routed in message.body.commands:
            key = (routed.job_id, routed.lane)
            share = shares.setdefault(key, _Share(routed.job_id, routed.lane))
            share.routed.append((index, routed))
    return list(shares.values())
