"""SQS queues in memory, as clients see them: they keep AWS's limits and fail on demand."""

import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from tests.simulation.fifo_queue import SimulatedFifoQueue
from tests.support.sqs_limits import MEBIBYTE, message_bytes


def throttled(code="ThrottlingException", status=400):
    error = {"Error": {"Code": code, "Message": "slower, please"}}
    return ClientError(
        {**error, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendMessageBatch"
    )


def denied():
    error = {"Error": {"Code": "AccessDenied", "Message": "not you"}}
    return ClientError({**error, "ResponseMetadata": {"HTTPStatusCode": 403}}, "SendMessageBatch")


@dataclass
class Fault:
    """What goes wrong with one call; entries are named by their index in the request."""

    # The whole call fails, before or after SQS has accepted the messages.
    raises: Exception | None = None
    accepted_before: bool = False
    refused: frozenset[int] = frozenset()
    refused_for_good: frozenset[int] = frozenset()
    unanswered: frozenset[int] = frozenset()

    @classmethod
    def lost_answer(cls):
        return cls(raises=ReadTimeoutError(endpoint_url="http://queue"), accepted_before=True)

    @classmethod
    def half_an_answer(cls):
        error = ResponseParserError("Unable to parse response, invalid JSON received")
        return cls(raises=error, accepted_before=True)

    @classmethod
    def unreachable(cls):
        return cls(raises=EndpointConnectionError(endpoint_url="http://queue"))


FINE = Fault()
THROTTLED = Fault(raises=throttled())


def failing_until(last, fault):
    """The fault for the calls up to this number, then none."""
    return lambda number, entries: fault if number <= last else FINE


class FakeFifoQueue:
    """The simulator's FIFO queue, with the batch calls of a boto3 client and planned faults."""

    def __init__(self, fault=lambda number, entries: FINE, *, deduplicates=True):
        # The clock stands still: a received message stays hidden until it is made visible.
        self.queue = SimulatedFifoQueue("fake", lambda: 0, visibility_ms=1)
        self.fault: Callable[[int, Sequence[Any]], Fault] = fault
        self.deduplicates = deduplicates
        self.calls: list[list[dict[str, str]]] = []
        self.lock = threading.Lock()

    def send_message_batch(self, **request):
        entries = request["Entries"]
        self.check(entries)
        with self.lock:
            self.calls.append(list(entries))
            fault = self.fault(len(self.calls), entries)
            if fault.raises is not None and not fault.accepted_before:
                raise fault.raises
            lost = fault.refused | fault.refused_for_good
            ids = {n: self._send(entry) for n, entry in enumerate(entries) if n not in lost}
            if fault.raises is not None:
                raise fault.raises
        return {
            "Successful": [
                {"Id": entries[number]["Id"], "MessageId": message_id}
                for number, message_id in ids.items()
                if number not in fault.unanswered
            ],
            "Failed": [
                {
                    "Id": entries[number]["Id"],
                    "Code": "InvalidMessageContents" if for_good else "InternalError",
                    "Message": "no",
                    "SenderFault": for_good,
                }
                for for_good in (False, True)
                for number in (fault.refused_for_good if for_good else fault.refused)
                if number < len(entries)
            ],
        }

    def _send(self, entry) -> str:
        deduplication_id = entry["MessageDeduplicationId"]
        if not self.deduplicates:
            deduplication_id += f"/{len(self.queue.accepted)}"
        body, group = entry["MessageBody"], entry["MessageGroupId"]
        attributes = entry.get("MessageAttributes")
        return self.queue.send(body, group, deduplication_id, attributes)[0]

    def check(self, entries):
        """AWS's rules for SendMessageBatch."""
        assert 1 <= len(entries) <= 10
        assert len({entry["Id"] for entry in entries}) == len(entries)
        sizes = [
            message_bytes(entry["MessageBody"], entry.get("MessageAttributes", {}))
            for entry in entries
        ]
        assert sum(sizes) <= MEBIBYTE
        assert all(len(entry["MessageDeduplicationId"]) <= 128 for entry in entries)


class FakeCommandQueue(FakeFifoQueue):
    """The command queue of the SDK's tests: `arrivals` are what a consumer would see."""

    def check(self, entries):
        """Also the SDK's own rules: one message per group, and the ledger's number of commands."""
        super().check(entries)
        assert len({entry["MessageGroupId"] for entry in entries}) == len(entries)
        for entry in entries:
            assert 1 <= len(json.loads(entry["MessageBody"])["commands"]) <= 500

    @property
    def arrivals(self):
        return [
            {"MessageBody": message.body, "MessageGroupId": message.group}
            for message in self.queue.accepted
        ]

    @property
    def messages(self):
        """The commands of each message, in the order of arrival."""
        return [json.loads(message.body)["commands"] for message in self.queue.accepted]

    @property
    def commands(self):
        return [command for message in self.messages for command in message]

    def reported(self):
        """Type and item of each command."""
        return [(command["type"], command["itemId"]) for command in self.commands]


class FakeWorkQueue:
    """A standard queue; a received message is hidden until it is made visible again."""

    def __init__(self, *bodies, receive_fault=lambda number: None):
        self.changed = threading.Condition()
        self.visible = deque(
            (f"m{number}", body if isinstance(body, str) else json.dumps(body))
            for number, body in enumerate(bodies)
        )
        self.in_hand = {}
        self.counts = {}
        self.deleted = []
        self.visibilities = []
        self.receives = 0
        self.asked = []
        self.waits = []
        self.receive_fault = receive_fault
        self.refuse_deletions = 0
        self.drop_visible_again = False
        self.attributes = {"RedrivePolicy": "{}"}
        # When every message was sent, in milliseconds as SQS says it.
        self.sent_at = 0

    def get_queue_attributes(self, **request):
        names = self.attributes.keys() & set(request["AttributeNames"])
        return {"Attributes": {name: self.attributes[name] for name in names}}

    def receive_message(self, **request):
        with self.changed:
            self.receives += 1
            self.asked.append(request["MaxNumberOfMessages"])
            self.waits.append(request["WaitTimeSeconds"])
            fault = self.receive_fault(self.receives)
            if fault is not None:
                raise fault
            self.changed.wait_for(lambda: self.visible, 0.02)
            messages = []
            while self.visible and len(messages) < request["MaxNumberOfMessages"]:
                message_id, body = self.visible.popleft()
                self.counts[message_id] = self.counts.get(message_id, 0) + 1
                receipt = f"{message_id}/{self.counts[message_id]}"
                self.in_hand[receipt] = (message_id, body)
                messages.append(
                    {
                        "MessageId": message_id,
                        "ReceiptHandle": receipt,
                        "Body": body,
                        "Attributes": {
                            "ApproximateReceiveCount": str(self.counts[message_id]),
                            "SentTimestamp": str(self.sent_at),
                        },
                    }
                )
            return {"Messages": messages} if messages else {}

    def delete_message_batch(self, **request):
        with self.changed:
            if self.refuse_deletions:
                self.refuse_deletions -= 1
                failed = [
                    {"Id": entry["Id"], "Code": "InternalError", "Message": "later"}
                    for entry in request["Entries"]
                ]
                return {"Failed": failed}
            for entry in request["Entries"]:
                message_id, _ = self.in_hand.pop(entry["ReceiptHandle"])
                self.deleted.append(message_id)
            self.changed.notify_all()
            return {}

    def change_message_visibility_batch(self, **request):
        with self.changed:
            for entry in request["Entries"]:
                message_id, body = self.in_hand[entry["ReceiptHandle"]]
                seconds = entry["VisibilityTimeout"]
                self.visibilities.append((message_id, seconds))
                if seconds == 0:
                    del self.in_hand[entry["ReceiptHandle"]]
                    if not self.drop_visible_again:
                        self.visible.append((message_id, body))
            self.changed.notify_all()
            return {}

    def wait_until(self, condition, seconds=10):
        with self.changed:
            return self.changed.wait_for(lambda: condition(self), seconds)
