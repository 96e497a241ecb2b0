"""Metrics and log lines about a batch of queue messages."""

from collections import Counter
from dataclasses import replace

from forgeledger.errors import StorageBusy
from forgeledger.jobs.messages.intake_report import log_lines, measurements
from forgeledger.jobs.model.intake_result import IntakeResult, LaneReport, RejectedMessage
from forgeledger.jobs.model.message import UNKNOWN_JOB, CommandProblem
from tests.support.builders import JOB_ID

BUSY = StorageBusy("lane", 3)
REFUSED = ConnectionError("the reject queue does not answer")
RESULT = IntakeResult(
    failed=("m2", "m4"),
    lanes=(
        LaneReport(
            job_id=JOB_ID,
            lane=0,
            commands=3,
            outcomes=Counter(applied=2, duplicate=1),
            conflicts=1,
            lag_ms=5_000,
        ),
        LaneReport(job_id=JOB_ID, lane=1, commands=1, outcomes=Counter(), error=BUSY),
        LaneReport(job_id="gone", lane=0, commands=1, outcomes=Counter(), job_found=False),
    ),
    rejections=(
        RejectedMessage(
            message_id="m3",
            problems=(
                CommandProblem("commands[0].jobId", "is no job", 0, UNKNOWN_JOB),
                CommandProblem("commands[1].itemId", "is required", 1),
            ),
            is_whole=True,
        ),
    ),
    errors=(REFUSED,),
)


def test_a_batch_is_measured_by_messages_and_each_lane_by_outcomes() -> None:
    measured = [tuple(measurement) for measurement in measurements(RESULT, 5, 601.5)]

    assert measured == [
        ("BatchSize", "Count", 5),
        ("MessagesRejected", "Count", 1),
        ("MessagesFailed", "Count", 2),
        ("FailingFor", "Seconds", 601.5),
        ("CommandsApplied", "Count", 2),
        ("CommandsDuplicate", "Count", 1),
        ("CommitConflicts", "Count", 1),
        ("CommitLag", "Milliseconds", 5_000),
        ("CommitConflicts", "Count", 0),
        ("CommitConflicts", "Count", 0),
    ]


def test_a_message_that_is_held_back_has_not_failed() -> None:
    result = replace(RESULT, held_back=("m5",))

    assert list(measurements(result, 6, 601.5)) == list(measurements(RESULT, 6, 601.5))


def test_a_batch_without_failures_says_nothing_of_how_long_they_last() -> None:
    names = [name for name, *_ in measurements(RESULT, 5, None)]

    assert "FailingFor" not in names


def test_each_lane_rejected_message_and_refusal_of_the_reject_queue_has_a_log_line() -> None:
    lines = [tuple(line) for line in log_lines(RESULT)]

    assert lines == [
        (
            "info",
            "lane applied",
            {"jobId": JOB_ID, "lane": 0, "commands": 3, "applied": 2, "duplicate": 1},
            None,
        ),
        ("error", "lane not applied", {"jobId": JOB_ID, "lane": 1, "commands": 1}, BUSY),
        ("warning", "no such job", {"jobId": "gone", "lane": 0, "commands": 1}, None),
        (
            "warning",
            "message rejected",
            {
                "messageId": "m3",
                "reason": UNKNOWN_JOB,
                "problems": 2,
                "field": "commands[0].jobId",
                "rule": "is no job",
            },
            None,
        ),
        ("error", "reject queue refused a message", {}, REFUSED),
    ]


def test_what_the_reject_queue_has_only_in_part_is_an_error_with_its_message() -> None:
    (rejected,) = RESULT.rejections
    result = replace(RESULT, lanes=(), errors=(), rejections=(replace(rejected, is_whole=False),))

    levels = [(line.level, line.message, line.extra["messageId"]) for line in log_lines(result)]

    assert levels == [
        ("warning", "message rejected", "m3"),
        ("error", "rejected message truncated", "m3"),
    ]


def test_a_delay_that_the_queue_refused_is_a_warning() -> None:
    result = replace(RESULT, lanes=(), errors=(), rejections=(), delay_error=REFUSED)

    assert [tuple(line) for line in log_lines(result)] == [
        ("warning", "redelivery not scheduled", {}, REFUSED)
    ]
