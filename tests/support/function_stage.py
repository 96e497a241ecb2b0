"""The handlers as Lambda loads them, with a table, a reject queue and a bus for each test."""

import json
import runpy
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger
from localstack_client.session import Session

from forgeledger.aws import clients
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import DispatchSpec
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.runtime import Runtime
from forgeledger.web import error_responses
from tests.support.builders import make_spec
from tests.support.ledger_table import create_ledger_table

ROOT = Path(__file__).parents[2]
JOB_ID = "01KAJXPF80000APN59HKNHY2PJ-4"

Handler = Callable[[dict[str, Any]], dict[str, Any]]


def sample(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


class InvocationContext:
    """The context of a Lambda invocation."""

    function_name = "forgeledger-test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:forgeledger-test"
    aws_request_id = "059f36b4-87a3-44ab-83d2-661975830a7d"

    def __init__(self, *remaining_ms: int) -> None:
        """The remaining times that it returns; the last one repeatedly."""
        self._remaining_ms = list(remaining_ms)

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms.pop(0) if len(self._remaining_ms) > 1 else self._remaining_ms[0]


class Stage:
    """A table, a reject queue and a bus for one test, and the handlers that use them."""

    def __init__(self, aws: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        name = self.name = f"stage-{uuid.uuid4().hex[:12]}"
        self.client, self.sqs, self.events = (
            aws.client(service) for service in ("dynamodb", "sqs", "events")
        )
        create_ledger_table(self.client, name)
        self.store = ledger_store(self.client, name, Runtime())
        self.commands = self._queue(f"{name}-commands.fifo", FifoQueue="true")
        self.rejects = self._queue(f"{name}-rejects.fifo", FifoQueue="true")
        self.heard = self._queue(f"{name}-heard")
        self.wakes = self._queue(f"{name}-wakes")
        self.work = self._queue(f"{name}-work")
        self._listen(name)
        for variable, value in {
            "FORGELEDGER_TABLE": name,
            "FORGELEDGER_IDEMPOTENCY_TABLE": f"{name}-idempotency",
            "FORGELEDGER_COMMAND_QUEUE_URL": self.commands,
            "FORGELEDGER_REJECT_QUEUE_URL": self.rejects,
            "FORGELEDGER_EVENT_BUS": name,
            "FORGELEDGER_WAKE_QUEUE_URL": self.wakes,
            "FORGELEDGER_WORK_QUEUE_URL": self.work,
            # Loggers are shared by service name: this one would write to an earlier test's output.
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

    def handler(self, name: str, *remaining_ms: int, execution: bool = False) -> Handler:
        self._monkeypatch.setenv("FORGELEDGER_EXECUTION", "on" if execution else "off")
        clients.function_session.cache_clear()
        # A child is made once in each process, for the service that there is then.
        self._monkeypatch.setattr(error_responses, "logger", Logger(child=True))
        path = ROOT / "functions" / name / "app.py"
        handle = runpy.run_path(str(path), run_name="app")["handler"]
        return lambda event: handle(event, InvocationContext(*(remaining_ms or (30_000,))))

    def job(self, **overrides: Any) -> None:
        given: dict[str, Any] = {
            "job_id": JOB_ID,
            "rules": LaneRules(registers_on_the_way=True, max_attempts=2),
            "created_at": time.time_ns() // 1_000_000,
            **overrides,
        }
        self.store.create_job(*create(make_spec(**given)))

    def dispatched_job(self) -> None:
        rules = LaneRules(dispatched=True, lease_seconds=300)
        self.job(rules=rules, dispatch=DispatchSpec())

    def received(self, queue_url: str) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return answer.get("Messages", [])

    def item(self, item_id: str) -> Item:
        view = self.store.load_lane(JOB_ID, lane_of(item_id, 4), [item_id])
        assert view is not None
        return view.items[item_id]

    def state_of(self, item_id: str) -> str:
        return self.item(item_id).state.value

    def ignored_of(self, item_id: str) -> list[tuple[str, ...]]:
        """The unknown fields that the journal names in each event of an item."""
        rows = self.store.read_journal(JOB_ID, lane_of(item_id, 4), 0, 100)
        events = [event for row in rows for event in row.entries]
        return [event.ignored for event in events if event.item_id == item_id]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
