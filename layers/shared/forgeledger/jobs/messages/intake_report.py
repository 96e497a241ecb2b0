"""Metrics and log lines about a batch of queue messages."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from forgeledger.jobs.model.intake_result import IntakeResult, LaneReport

_COUNT: Final = "Count"


class LogLine(NamedTuple):
    level: str
    message: str
    extra: Mapping[str, Any]
    error: Exception | None = None


def measurements(
    result: IntakeResult, batch_size: int, failing_seconds: float | None
) -> Iterator[tuple[str, str, float]]:
    """The name, unit and value of each metric."""
    yield "BatchSize", _COUNT, batch_size
    yield "MessagesRejected", _COUNT, result.rejected
    yield "MessagesFailed", _COUNT, len(result.failed)
    if result.ends:
        yield "EventsPublished", _COUNT, sum(end.events_published for end in result.ends)
        yield "JobsLeftToRelay", _COUNT, sum(end.error is not None for end in result.ends)
    if failing_seconds is not None:
        yield "FailingFor", "Seconds", failing_seconds
    for lane in result.lanes:
        for outcome, number in lane.outcomes.items():
            yield f"Commands{outcome.title()}", _COUNT, number
        yield "CommitConflicts", _COUNT, lane.conflicts
        if lane.lag_ms is not None:
            yield "CommitLag", "Milliseconds", lane.lag_ms


def log_lines(result: IntakeResult) -> Iterator[LogLine]:
    yield from map(_lane_line, result.lanes)
    for rejected in result.rejections:
        first = rejected.problems[0]
        extra = {
            "messageId": rejected.message_id,
            "reason": first.reason,
            "problems": len(rejected.problems),
            "field": first.field,
            "rule": first.rule,
        }
        yield LogLine("warning", "message rejected", extra)
        if not rejected.is_whole:
            yield LogLine("error", "rejected message truncated", extra)
    for error in result.errors:
        yield LogLine("error", "reject queue refused a message", {}, error)
    for end in result.ends:
        if end.error is not None:
            yield LogLine("warning", "job left to the relay", {"jobId": end.job_id}, end.error)
    if result.delay_error is not None:
        yield LogLine("warning", "redelivery not scheduled", {}, result.delay_error)


def _lane_line(lane: LaneReport) -> LogLine:
    extra = {"jobId": lane.job_id, "lane": lane.lane, "commands": lane.commands}
    if lane.error is not None:
        return LogLine("error", "lane not applied", extra, lane.error)
    if not lane.job_found:
        return LogLine("warning", "no such job", extra)
    return LogLine("info", "lane applied", {**extra, **lane.outcomes})
