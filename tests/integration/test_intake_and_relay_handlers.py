"""The handlers as Lambda loads them, with the sample events, on an engine."""

import json
import runpy
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from localstack_client.session import Session

from forgeledger.adapters.dynamodb.store import DynamoStore
from forgeledger.bootstrap import clients
from forgeledger.domain.advancing import create
from forgeledger.domain.ids import lane_of
from forgeledger.domain.jobs import JobStatus
from forgeledger.domain.lanes import LaneRules
from tests.builders import make_spec
from tests.ledger_table import create_ledger_table

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
JOB_ID = "01KAJXPF80000APN59HKNHY2PJ-4"

Handler = Callable[[dict[str, Any]], dict[str, Any]]


def sample(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


class Context:
    """What Lambda tells a handler of its invocation."""

    function_name = "forgeledger-test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:forgeledger-test"
    aws_request_id = "059f36b4-87a3-44ab-83d2-661975830a7d"

    def __init__(self, remaining_ms: int) -> None:
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


class Stage:
    """A table, a reject queue and a bus of this test alone, and the handlers on them."""

    def __init__(self, aws: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        name = self.name = f"stage-{uuid.uuid4().hex[:12]}"
        self.client, self.sqs, self.events = (
            aws.client(service) for service in ("dynamodb", "sqs", "events")
        )
        create_ledger_table(self.client, name)
        self.store = DynamoStore(self.client, name)
        self.rejects = self._queue(f"{name}-rejects.fifo", FifoQueue="true")
        self.heard = self._queue(f"{name}-heard")
        self._listen(name)
        for variable, value in {
            "FORGELEDGER_TABLE": name,
            "FORGELEDGER_REJECT_QUEUE_URL": self.rejects,
            "FORGELEDGER_EVENT_BUS": name,
            # A logger of the same service would still write to the output of an earlier test.
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
        }.items():
            monkeypatch.setenv(variable, value)

    def _queue(self, name: str, **attributes: str) -> str:
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def _listen(self, bus: str) -> None:
        self.events.create_event_bus(Name=bus)
        pattern = json.dumps({"source": ["forgeledger"]})
        self.events.put_rule(Name=bus, EventBusName=bus, EventPattern=pattern)
        arn = self.sqs.get_queue_attributes(QueueUrl=self.heard, AttributeNames=["QueueArn"])
        target = {"Id": "1", "Arn": arn["Attributes"]["QueueArn"]}
        self.events.put_targets(Rule=bus, EventBusName=bus, Targets=[target])

    def handler(self, name: str, remaining_ms: int = 30_000) -> Handler:
        clients.session.cache_clear()
        path = ROOT / "functions" / name / "app.py"
        handle = runpy.run_path(str(path), run_name="app")["handler"]
        return lambda event: handle(event, Context(remaining_ms))

    def job(self, **overrides: Any) -> None:
        spec = make_spec(
            job_id=JOB_ID,
            rules=LaneRules(registers_on_the_way=True, max_attempts=2),
            created_at=time.time_ns() // 1_000_000,
            **overrides,
        )
        self.store.create_job(*create(spec))

    def received(self, queue_url: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return answer.get("Messages", [])

    def state_of(self, item_id: str) -> str:
        view = self.store.load_lane(JOB_ID, lane_of(item_id, 4), [item_id])
        assert view is not None
        return view.items[item_id].state.value


@pytest.fixture
def stage(aws: Session, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(aws, monkeypatch)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


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


def test_the_intake_puts_aside_what_can_never_be_applied(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    event = sample("intake-rejected")

    answer = stage.handler("intake")(event)

    assert answer == {"batchItemFailures": []}
    rejects = stage.received(stage.rejects)
    assert {each["Body"] for each in rejects} == {each["body"] for each in event["Records"]}
    reasons = sorted(each["MessageAttributes"]["reason"]["StringValue"] for each in rejects)
    assert reasons == ["invalid", "invalid", "unknown_job"]
    *log, metrics = lines(capsys.readouterr().out)
    assert metrics["MessagesRejected"] == [3.0]
    told = [line["messageId"] for line in log if line["message"] == "message rejected"]
    assert told == [record["messageId"] for record in event["Records"]]


def test_the_intake_reports_all_when_its_time_is_nearly_over(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.job()
    event = sample("intake-claim-complete")

    answer = stage.handler("intake", remaining_ms=1_000)(event)

    assert answer["batchItemFailures"] == [
        {"itemIdentifier": record["messageId"]} for record in event["Records"]
    ]
    assert lines(capsys.readouterr().out)[0]["message"] == "lane not applied"


def test_the_intake_keeps_a_bad_message_when_the_reject_queue_is_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORGELEDGER_REJECT_QUEUE_URL", stage.rejects + "-gone.fifo")

    answer = stage.handler("intake")(sample("intake-rejected"))

    assert len(answer["batchItemFailures"]) == 3
    told = [line.get("message") for line in lines(capsys.readouterr().out)]
    assert told.count("reject queue refused a message") == 3


def test_the_relay_completes_a_job_and_tells_it(stage: Stage) -> None:
    stage.job(expected_items=1)
    stage.handler("intake")(sample("intake-claim-complete"))
    relay = stage.handler("relay")

    moved = relay(sample("relay-head-moved"))
    told = relay(sample("relay-fact"))
    again = relay(sample("relay-fact"))

    assert (moved, told, again) == ({"batchItemFailures": []},) * 3
    view = stage.store.load_job(JOB_ID)
    assert view is not None
    assert view.job.status is JobStatus.COMPLETED
    events = [json.loads(each["Body"]) for each in stage.received(stage.heard)]
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

    answer = stage.handler("relay", remaining_ms=1_000)(event)

    number = event["Records"][0]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": number}]}
    assert lines(capsys.readouterr().out)[0]["jobId"] == JOB_ID


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
                "eventsTold": 1,
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

    assert stage.handler("relay", remaining_ms=1_000)(sample("relay-round"))["jobs"] != []

    metrics = lines(capsys.readouterr().out)[-1]
    assert (metrics["Rounds"], metrics["RoundsCutShort"]) == ([1.0], [1.0])


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
