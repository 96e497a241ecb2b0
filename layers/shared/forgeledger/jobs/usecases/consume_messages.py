"""Apply the commands of messages to their lanes, settle the messages, advance finished jobs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from forgeledger.errors import JobNotFound, StorageBusy
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.delivery import Share, recognisable, shares_of
from forgeledger.jobs.model.intake_result import IntakeResult, JobEnd, LaneReport
from forgeledger.jobs.model.message import UNKNOWN_JOB, CommandProblem, Message
from forgeledger.jobs.model.outcomes import Outcome
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.settle_messages import MessageSettler
from forgeledger.runtime import (
    REQUEST_MS,
    SEND_MS,
    HasTime,
    RemainingMs,
    Runtime,
    before_deadline,
)

# SQS retains a message no longer: an older time comes from a wrong clock.
_OLDEST_MS: Final = 14 * 24 * 3_600 * 1_000
# How often a busy lane is tried; an invocation's time ends before.
_BUSY_TRIES: Final = 100
# How long the messages, which are done, may wait for the ends of their jobs.
_ENDS_MS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Intake:
    lane_writer: LaneWriter
    settler: MessageSettler
    advancer: JobAdvancer
    runtime: Runtime

    def consume(self, received: Sequence[Message], remaining_ms: RemainingMs) -> IntakeResult:
        """Apply all lanes in parallel; a failure that may pass is redelivered, in order.

        Then advance the jobs that may be done, so that their events need not wait for the stream.
        """
        has_time = before_deadline(remaining_ms)
        messages, held_back = recognisable(received)
        shares = shares_of(messages)
        applied = self.runtime.parallel(partial(self._apply, has_time), shares)
        reports = [report for report, _ in applied]
        problems = {message.message_id: list(message.body.problems) for message in messages}
        unapplied: set[str] = set()
        for share, report in zip(shares, reports, strict=True):
            for message, routed in share.routed[report.outcomes.total() :]:
                if report.job_found:
                    unapplied.add(message.message_id)
                else:
                    unknown = CommandProblem(
                        "jobId", "there is no such job", routed.index, UNKNOWN_JOB
                    )
                    problems[message.message_id].append(unknown)
        may_send = before_deadline(remaining_ms, SEND_MS)
        result = self.settler.settle(messages, problems, unapplied, held_back, may_send)
        finished = {report.job_id: job for report, job in applied if report.lane_finished}
        ends = self._end(tuple(finished.items()), remaining_ms)
        return replace(result, lanes=tuple(reports), ends=ends)

    def _apply(self, has_time: HasTime, share: Share) -> tuple[LaneReport, JobView | None]:
        """What was done, and the job if it was loaded with the last commit."""
        outcomes: list[Outcome] = []
        conflicts, tries = 0, 0
        job_found, lane_finished = True, False
        error: Exception | None = None
        job: JobView | None = None
        commands = share.commands
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
                    self.runtime.pause(tries)
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
            lag_ms=_lag(share, len(outcomes), self.runtime.clock()),
            job_found=job_found,
            lane_finished=lane_finished,
            error=error,
        )
        return report, job

    def _end(
        self, finished: Sequence[tuple[str, JobView | None]], remaining_ms: RemainingMs
    ) -> tuple[JobEnd, ...]:
        """Advance these jobs; what a slow table or bus leaves undone, the relay does."""
        if not finished:
            return ()
        # Enough for an event and the mark that it is published, which belong together.
        reserve_ms = max(REQUEST_MS + SEND_MS, remaining_ms() - _ENDS_MS)
        has_time = before_deadline(remaining_ms, reserve_ms)
        return tuple(self.runtime.parallel(partial(self._advance, has_time), finished))

    def _advance(self, has_time: HasTime, finished: tuple[str, JobView | None]) -> JobEnd:
        job_id, job = finished
        try:
            advanced = self.advancer.advance(job_id, has_time, job)
        except Exception as error:  # noqa: BLE001 - the messages are done; the relay advances it.
            return JobEnd(job_id=job_id, error=error)
        return JobEnd(job_id=job_id, events_published=advanced.events_published if advanced else 0)


def _lag(share: Share, applied: int, now: int) -> int | None:
    """The time since the oldest applied command happened, or was sent."""
    lags = [
        now - _happened(routed.command, message.sent_at, now)
        for message, routed in share.routed[:applied]
    ]
    return max(0, *lags) if lags else None


def _happened(command: Command, sent_at: int, now: int) -> int:
    """The sender's time, or when the queue got the message if that clock is wrong."""
    at = command.sent_at
    return sent_at if at is None or not now - _OLDEST_MS <= at <= sent_at else at
