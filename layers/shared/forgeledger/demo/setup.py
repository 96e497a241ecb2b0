"""The queues and the rule that the demo adds to a deployment and removes afterwards."""

import contextlib
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, Self

from forgeledger.batched import batched
from forgeledger.plural import plural

_ENTRIES_PER_REQUEST: Final = 10
_SEND_ATTEMPTS: Final = 5
_SENDERS: Final = 4


class DemoResources:
    """A work queue, and a rule on `job.completed` with a queue as its target."""

    def __init__(self, client_of: Callable[[str], Any], event_bus: str) -> None:
        self._sqs = client_of("sqs")
        self._events = client_of("events")
        self._event_bus = event_bus
        self._name = f"forgeledger-demo-{uuid.uuid4().hex[:8]}"
        self._undo = ExitStack()
        self.work_queue_url = ""
        self.event_queue_url = ""

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self.work_queue_url = self._queue("work", undo)
            self.event_queue_url = self._queue("events", undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._undo.close()

    def listen(self, job_id: str) -> None:
        """Routes the event of this job's completion to the event queue."""
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self.event_queue_url, AttributeNames=["QueueArn"]
        )["Attributes"]
        arn = attributes["QueueArn"]
        rule = {"Name": self._name, "EventBusName": self._event_bus}
        pattern = {
            "source": ["forgeledger"],
            "detail-type": ["job.completed"],
            "detail": {"jobId": [job_id]},
        }
        rule_arn = self._events.put_rule(**rule, EventPattern=json.dumps(pattern))["RuleArn"]
        self._undo.callback(self._events.delete_rule, **rule)
        self._sqs.set_queue_attributes(
            QueueUrl=self.event_queue_url,
            Attributes={"Policy": _may_send(arn, rule_arn)},
        )
        target = {"Rule": self._name, "EventBusName": self._event_bus}
        answer = self._events.put_targets(**target, Targets=[{"Id": "queue", "Arn": arn}])
        if answer.get("FailedEntryCount"):
            raise RuntimeError(f"the rule's target was refused: {answer['FailedEntries']}")
        self._undo.callback(self._events.remove_targets, **target, Ids=["queue"])

    def send_work(self, bodies: Iterable[str]) -> int:
        """Sends one message for each body and returns their number."""
        with ThreadPoolExecutor(_SENDERS) as pool:
            return sum(pool.map(self._send, batched(list(bodies), _ENTRIES_PER_REQUEST)))

    def receive_events(self, wait_seconds: int) -> list[dict[str, Any]]:
        """The events since the last call; waits for one if there is none yet."""
        answer = self._sqs.receive_message(
            QueueUrl=self.event_queue_url,
            MaxNumberOfMessages=_ENTRIES_PER_REQUEST,
            WaitTimeSeconds=wait_seconds,
        )
        events: list[dict[str, Any]] = []
        for message in answer.get("Messages", ()):
            events.append(json.loads(message["Body"]))
            self._sqs.delete_message(
                QueueUrl=self.event_queue_url, ReceiptHandle=message["ReceiptHandle"]
            )
        return events

    def _queue(self, purpose: str, undo: ExitStack) -> str:
        url: str = self._sqs.create_queue(QueueName=f"{self._name}-{purpose}")["QueueUrl"]
        undo.callback(self._sqs.delete_queue, QueueUrl=url)
        return url

    def _send(self, bodies: Sequence[str]) -> int:
        left = dict(enumerate(bodies))
        for _ in range(_SEND_ATTEMPTS):
            answer = self._sqs.send_message_batch(
                QueueUrl=self.work_queue_url,
                Entries=[{"Id": str(index), "MessageBody": body} for index, body in left.items()],
            )
            for entry in answer.get("Successful", ()):
                with contextlib.suppress(KeyError):
                    del left[int(entry["Id"])]
            if not left:
                return len(bodies)
        raise RuntimeError(f"the work queue refused {plural(len(left), 'message')}")


def _may_send(queue_arn: str, rule_arn: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue_arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
                }
            ],
        }
    )
