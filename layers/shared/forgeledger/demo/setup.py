"""What the demo adds to the local cloud and takes away again: two queues and a rule."""

import contextlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self

_ENTRIES_PER_REQUEST: Final = 10
_SENDERS: Final = 4


class Stage:
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
        """From now on the event of this job's completion goes to the event queue."""
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
        """How many messages were put in the work queue."""
        with ThreadPoolExecutor(_SENDERS) as pool:
            return sum(pool.map(self._send, _batches(bodies)))

    def receive_events(self, wait_seconds: int) -> list[dict[str, Any]]:
        """The events that have come since the last call, after waiting for one at most so long."""
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

    def _send(self, bodies: list[str]) -> int:
        left = dict(enumerate(bodies))
        for _ in range(5):
            answer = self._sqs.send_message_batch(
                QueueUrl=self.work_queue_url,
                Entries=[{"Id": str(key), "MessageBody": body} for key, body in left.items()],
            )
            for entry in answer.get("Successful", ()):
                with contextlib.suppress(KeyError):
                    del left[int(entry["Id"])]
            if not left:
                return len(bodies)
        raise RuntimeError(f"the work queue refused {len(left)} messages")


def _batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    rows = iter(bodies)
    while batch := list(islice(rows, _ENTRIES_PER_REQUEST)):
        yield batch


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
