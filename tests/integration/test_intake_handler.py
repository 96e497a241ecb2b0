"""The intake's handler with the sample events, on the local engine."""

import json

import pytest

from tests.support.function_stage import JOB_ID, Stage, lines, sample

pytestmark = pytest.mark.integration


def test_the_intake_takes_in_a_claim_and_a_completion(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()

    answer = stage.handler("intake")(sample("intake-claim-complete"))

    assert answer == {"batchItemFailures": []}
    assert stage.state_of("invoice-17") == "COMPLETED"
    log, metrics = lines(capsys.readouterr().out)
    assert (log["jobId"], log["commands"], log["applied"]) == (JOB_ID, 2, 2)
    assert metrics["CommandsApplied"] == [2.0]
    assert metrics["BatchSize"] == [2.0]
    assert metrics["CommitLag"][0] >= 0


def test_the_intake_takes_in_many_commands_of_a_message(stage: Stage) -> None:
    stage.job()

    answer = stage.handler("intake")(sample("intake-many-commands"))

    assert answer == {"batchItemFailures": []}
    assert stage.state_of("invoice-17") == "COMPLETED"
    assert stage.state_of("invoice-18") == "PENDING"


def test_the_intake_logs_fields_that_it_does_not_know_and_takes_the_rest(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()
    event = sample("intake-claim-complete")
    for record in event["Records"]:
        record["body"] = json.dumps({**json.loads(record["body"]), "leaseSecond": 60})
    handler = stage.handler("intake")

    handler(event)
    handler(event)

    assert stage.state_of("invoice-17") == "COMPLETED"
    assert stage.ignored_of("invoice-17") == [(), ("leaseSecond",), ("leaseSecond",)]
    warnings = [line for line in lines(capsys.readouterr().out) if "fields" in line]
    assert [(line["level"], line["message"], line["fields"]) for line in warnings] == [
        ("WARN", "unknown fields ignored", ["leaseSecond"])
    ]


def test_the_intake_rejects_what_can_never_be_applied(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    event = sample("intake-rejected")

    answer = stage.handler("intake")(event)

    assert answer == {"batchItemFailures": []}
    rejects = stage.received(stage.rejects)
    assert {reject["Body"] for reject in rejects} == {record["body"] for record in event["Records"]}
    reasons = sorted(reject["MessageAttributes"]["reason"]["StringValue"] for reject in rejects)
    assert reasons == ["invalid", "invalid", "unknown_job"]
    *log, metrics = lines(capsys.readouterr().out)
    assert metrics["MessagesRejected"] == [3.0]
    rejected = [line["messageId"] for line in log if line["message"] == "message rejected"]
    assert rejected == [record["messageId"] for record in event["Records"]]


def test_the_intake_reports_all_when_its_time_is_nearly_over(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()
    event = sample("intake-claim-complete")

    answer = stage.handler("intake", 1_000)(event)

    assert answer["batchItemFailures"] == [
        {"itemIdentifier": record["messageId"]} for record in event["Records"]
    ]
    log, metrics = lines(capsys.readouterr().out)
    assert log["message"] == "lane not applied"
    assert metrics["MessagesFailed"] == [2.0]
    assert metrics["FailingFor"][0] > 0


def test_the_intake_keeps_a_bad_message_when_the_reject_queue_is_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORGELEDGER_REJECT_QUEUE_URL", stage.rejects + "-gone.fifo")

    answer = stage.handler("intake")(sample("intake-rejected"))

    assert len(answer["batchItemFailures"]) == 3
    logged = [line.get("message") for line in lines(capsys.readouterr().out)]
    assert logged.count("reject queue refused a message") == 3


def test_what_the_intake_returns_comes_again_before_the_queues_own_timeout(stage: Stage) -> None:
    stage.job()
    body = sample("intake-claim-complete")["Records"][0]["body"]
    stage.sqs.send_message(
        QueueUrl=stage.commands, MessageBody=body, MessageGroupId="g", MessageDeduplicationId="d"
    )
    (message,) = stage.sqs.receive_message(
        QueueUrl=stage.commands, VisibilityTimeout=600, MessageSystemAttributeNames=["All"]
    )["Messages"]
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
    }

    # Too little time for the table, enough for the queue.
    answer = stage.handler("intake", 10_000)({"Records": [record]})

    assert answer == {"batchItemFailures": [{"itemIdentifier": message["MessageId"]}]}
    (again,) = stage.sqs.receive_message(QueueUrl=stage.commands, WaitTimeSeconds=20)["Messages"]
    assert again["MessageId"] == message["MessageId"]


def test_a_redriven_message_is_known_by_its_first_id(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()
    (record, *_) = sample("intake-claim-complete")["Records"]
    first_id = {"stringValue": record["messageId"], "dataType": "String"}
    moved = {**record, "messageId": "new", "messageAttributes": {"sourceMessageId": first_id}}
    handler = stage.handler("intake")

    handler({"Records": [record]})
    handler({"Records": [moved]})

    logged = lines(capsys.readouterr().out)
    assert [line["duplicate"] for line in logged if "duplicate" in line] == [1]
