"""The relay's handler with the sample events, on the local engine."""

import json
import time
from typing import Any

import pytest

from forgeledger.jobs.model.item_rules import WORKER_LOST
from forgeledger.jobs.model.jobs import JobStatus
from tests.support.function_stage import JOB_ID, Stage, lines, sample

pytestmark = pytest.mark.integration


def test_the_relay_completes_a_job_and_publishes_it(stage: Stage) -> None:
    stage.job(expected_items=1)
    stage.handler("intake")(sample("intake-claim-complete"))
    relay = stage.handler("relay")

    moved = relay(sample("relay-head-moved"))
    published = relay(sample("relay-fact"))
    again = relay(sample("relay-fact"))

    assert (moved, published, again) == ({"batchItemFailures": []},) * 3
    view = stage.store.load_job(JOB_ID)
    assert view is not None
    assert view.job.status is JobStatus.COMPLETED
    events = [json.loads(message["Body"]) for message in stage.received(stage.heard)]
    kinds = sorted(event["detail-type"] for event in events)
    assert kinds == ["job.completed", "job.created", "job.sealed"]
    completed = next(event for event in events if event["detail-type"] == "job.completed")
    assert completed["source"] == "forgeledger"
    assert completed["detail"]["eventId"] == f"{JOB_ID}:1:job.completed"


def test_the_relay_reports_the_first_record_it_could_not_follow(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()
    event = sample("relay-head-moved")

    answer = stage.handler("relay", 1_000)(event)

    number = event["Records"][0]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": number}]}
    assert lines(capsys.readouterr().out)[0]["jobId"] == JOB_ID


def test_one_malformed_record_keeps_the_relay_from_no_other(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job(expected_items=1)
    stage.handler("intake")(sample("intake-claim-complete"))
    [moved] = sample("relay-head-moved")["Records"]
    [fact] = sample("relay-fact")["Records"]
    bad = {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "111"}}
    capsys.readouterr()

    answer = stage.handler("relay")({"Records": [moved, bad, fact]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "111"}]}
    view = stage.store.load_job(JOB_ID)
    assert view is not None
    assert (view.job.status, view.published) == (JobStatus.COMPLETED, 3)
    log, *_ = lines(capsys.readouterr().out)
    assert (log["message"], log["sequenceNumber"]) == ("record not understood", "111")


@pytest.mark.parametrize(
    "name",
    [
        "relay-reconcile-job",
        "relay-reconcile-recount",
        "relay-reconcile-running",
        "relay-round",
    ],
)
def test_the_relay_reconciles_when_it_is_asked_to(
    stage: Stage, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()

    answer = stage.handler("relay")(sample(name))

    assert answer == {
        "jobs": [
            {
                "jobId": JOB_ID,
                "status": "RUNNING",
                "driftedLanes": [],
                "busyLanes": [],
                "eventsPublished": 1,
            }
        ]
    }
    assert lines(capsys.readouterr().out)[-1]["HeadDrift"] == [0.0]


def test_a_round_without_any_job_says_that_it_was_made(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stage.handler("relay")(sample("relay-round")) == {"jobs": []}

    (metrics,) = lines(capsys.readouterr().out)
    assert (metrics["Rounds"], metrics["RoundsCutShort"]) == ([1.0], [0.0])


def test_a_round_without_time_says_that_it_was_cut_short(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()

    assert stage.handler("relay", 1_000)(sample("relay-round"))["jobs"] != []

    metrics = lines(capsys.readouterr().out)[-1]
    assert (metrics["Rounds"], metrics["RoundsCutShort"]) == ([1.0], [1.0])


def test_a_round_keeps_half_of_its_time_for_keeping_rows(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()

    # A minute at first, and less than half of it before the first job.
    answer = stage.handler("relay", 60_000, 29_000)(sample("relay-round"))

    assert answer == {"jobs": []}
    metrics = lines(capsys.readouterr().out)[-1]
    assert metrics["RoundsCutShort"] == [1.0]


def test_the_relay_names_a_job_that_it_could_not_reconcile(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()
    head = {"PK": {"S": f"JOB#{JOB_ID}#0"}, "SK": {"S": "LANE"}}
    stage.client.delete_item(TableName=stage.name, Key=head)

    answer = stage.handler("relay")(sample("relay-reconcile-running"))

    (job,) = answer["jobs"]
    assert job["jobId"] == JOB_ID
    assert job["error"].startswith("StorageCorrupt")
    log, metrics = lines(capsys.readouterr().out)
    assert (log["message"], log["jobId"]) == ("job not reconciled", JOB_ID)
    assert metrics["ReconcileFailures"] == [1.0]


def test_a_wake_ends_a_job_whose_deadline_has_passed(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    relay = stage.handler("relay", execution=True)
    stage.job(deadline_seconds=1)
    relay(sample("relay-fact"))
    planned = stage.store.load_job(JOB_ID)
    time.sleep(1.1)

    answer = relay(sample("relay-wake"))

    assert answer == {"batchItemFailures": []}
    view = stage.store.load_job(JOB_ID)
    assert planned is not None
    assert view is not None
    assert planned.progress.wake_at == planned.job.deadline_at
    assert (view.job.status, view.progress.wake_at) == (JobStatus.FAILED, None)
    (late,) = lines(capsys.readouterr().out)[-1]["DueLate"]
    assert 0 < late < 60_000
    # Its deadline was near: a wake was sent when it was planned.
    assert [message["Body"] for message in stage.received(stage.wakes)] == [
        sample("relay-wake")["Records"][0]["body"]
    ]


def test_a_message_that_is_no_wake_comes_again_alone(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()
    [wake] = sample("relay-wake")["Records"]
    bad = {**wake, "messageId": "bad", "body": "{}"}

    answer = stage.handler("relay", execution=True)({"Records": [bad, wake]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert lines(capsys.readouterr().out)[0]["message"] == "record not understood"


@pytest.fixture
def dead_letter(stage: Stage) -> dict[str, Any]:
    """A work message of a dispatched job that no worker brought to an end, as a dead letter."""
    stage.dispatched_job()
    registered = stage.handler("api", execution=True)(sample("api-register-items"))
    assert registered["statusCode"] == 200
    relay = stage.handler("relay", execution=True)
    assert relay(sample("relay-wake")) == {"batchItemFailures": []}
    message = stage.received(stage.work)[0]
    [wake] = sample("relay-wake")["Records"]
    return {**wake, "messageId": message["MessageId"], "body": message["Body"]}


def test_dead_work_ends_its_item_once_beside_a_wake(
    stage: Stage, dead_letter: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    relay = stage.handler("relay", execution=True)
    [wake] = sample("relay-wake")["Records"]
    item_id = json.loads(dead_letter["body"])["itemId"]
    capsys.readouterr()

    answers = [relay({"Records": [dead_letter, wake]}) for _ in range(2)]

    assert answers == [{"batchItemFailures": []}] * 2
    item = stage.item(item_id)
    assert (item.state.value, item.attempt) == ("FAILED", 1)
    assert item.failure == WORKER_LOST
    assert lines(capsys.readouterr().out)[0]["WorkersLost"] == [1.0]


def test_dead_work_that_cannot_be_ended_now_comes_again_alone(
    stage: Stage, dead_letter: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    [wake] = sample("relay-wake")["Records"]
    stranger = {**dead_letter, "messageId": "bad", "body": '{"jobId": 7, "items": []}'}

    answer = stage.handler("relay", execution=True)({"Records": [stranger, wake]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert caplog.messages == ["dead work not ended"]


def test_dead_work_of_no_job_is_dropped_with_a_warning(
    stage: Stage, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    [wake] = sample("relay-wake")["Records"]
    body = json.dumps({"jobId": JOB_ID, "itemId": "a", "attempt": 1})

    answer = stage.handler("relay", execution=True)({"Records": [{**wake, "body": body}]})

    assert answer == {"batchItemFailures": []}
    assert caplog.messages == ["dead work of no job"]
    assert lines(capsys.readouterr().out)[-1]["WorkersLost"] == [0.0]


def test_the_tick_sends_a_wake_for_what_is_due_before_the_next_one(stage: Stage) -> None:
    relay = stage.handler("relay", execution=True)
    stage.job(deadline_seconds=1)
    assert relay(sample("relay-tick")) == {"wakesSent": 0}
    relay(sample("relay-fact"))

    assert relay(sample("relay-tick")) == {"wakesSent": 1}


def test_without_execution_nothing_is_planned_and_a_tick_does_nothing(stage: Stage) -> None:
    stage.job(deadline_seconds=60)
    relay = stage.handler("relay")

    assert relay(sample("relay-fact")) == {"batchItemFailures": []}
    assert relay(sample("relay-tick")) == {"wakesSent": 0}

    view = stage.store.load_job(JOB_ID)
    assert view is not None
    assert view.progress.wake_at is None
