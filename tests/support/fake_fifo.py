"""A FIFO queue in memory with the rules that looking and redriving depend on: locked groups."""

import itertools
from dataclasses import dataclass, field
from typing import Any

MEBIBYTE = 1024 * 1024


@dataclass
class Stored:
    message_id: str
    body: str
    group: str
    attributes: dict[str, str]
    receives: int = 0
    receipt: str | None = None


@dataclass
class FakeFifo:
    messages: list[Stored] = field(default_factory=list)
    deduplicated: set[str] = field(default_factory=set)
    # Bodies that are refused, and receipts that cannot be deleted.
    refuses: set[str] = field(default_factory=set)
    keeps: bool = False
    attributes: dict[str, str] = field(default_factory=dict)

    def put(self, body: str, group: str = "g", message_id: str = "", **attributes: str) -> Stored:
        number = len(self.messages) + 1
        stored = Stored(message_id or f"m{number}", body, group, attributes)
        self.messages.append(stored)
        return stored

    @property
    def bodies(self) -> list[str]:
        return [message.body for message in self.messages]

    @property
    def hidden(self) -> list[str]:
        return [message.body for message in self.messages if message.receipt]


class FakeSqs:
    """The calls that the command line makes, on queues by their address."""

    def __init__(self, **queues: FakeFifo) -> None:
        self.queues = queues
        self.numbers = itertools.count(1)
        self.on_send: Any = None

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        queue = self.queues[asked["QueueUrl"]]
        locked = {message.group for message in queue.messages if message.receipt}
        visible = [message for message in queue.messages if message.group not in locked]
        taken = visible[: asked["MaxNumberOfMessages"]]
        for each in taken:
            each.receives += 1
            each.receipt = f"r{next(self.numbers)}"
        return {"Messages": [_told(each) for each in taken]} if taken else {}

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        for entry in asked["Entries"]:
            for message in self.queues[asked["QueueUrl"]].messages:
                if message.receipt == entry["ReceiptHandle"]:
                    message.receipt = None
        return {}

    def delete_message_batch(self, **asked: Any) -> dict[str, Any]:
        queue = self.queues[asked["QueueUrl"]]
        if queue.keeps:
            return {"Failed": [{"Id": entry["Id"]} for entry in asked["Entries"]]}
        gone = {entry["ReceiptHandle"] for entry in asked["Entries"]}
        queue.messages = [message for message in queue.messages if message.receipt not in gone]
        return {}

    def send_message_batch(self, **asked: Any) -> dict[str, Any]:
        entries = asked["Entries"]
        assert 1 <= len(entries) <= 10
        assert sum(len(entry["MessageBody"].encode()) for entry in entries) <= MEBIBYTE
        queue = self.queues[asked["QueueUrl"]]
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        for entry in entries:
            if entry["MessageBody"] in queue.refuses:
                answer["Failed"].append({"Id": entry["Id"], "Code": "Nope", "Message": "not now"})
                continue
            message_id = f"s{next(self.numbers)}"
            if entry["MessageDeduplicationId"] not in queue.deduplicated:
                queue.deduplicated.add(entry["MessageDeduplicationId"])
                stored = queue.put(entry["MessageBody"], entry["MessageGroupId"], message_id)
                if self.on_send is not None:
                    self.on_send(stored)
            answer["Successful"].append({"Id": entry["Id"], "MessageId": message_id})
        return answer

    def get_queue_attributes(self, **asked: Any) -> dict[str, Any]:
        queue = self.queues[asked["QueueUrl"]]
        known = {
            "ApproximateNumberOfMessages": str(len(queue.messages)),
            "ApproximateNumberOfMessagesNotVisible": "0",
            **queue.attributes,
        }
        names = asked["AttributeNames"]
        return {"Attributes": {k: v for k, v in known.items() if "All" in names or k in names}}

    def get_queue_url(self, **asked: Any) -> dict[str, Any]:
        return {"QueueUrl": asked["QueueName"]}


def _told(stored: Stored) -> dict[str, Any]:
    return {
        "MessageId": stored.message_id,
        "ReceiptHandle": stored.receipt,
        "Body": stored.body,
        "Attributes": {
            "MessageGroupId": stored.group,
            "SentTimestamp": "1795255200000",
            "ApproximateReceiveCount": str(stored.receives),
        },
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value}
            for name, value in stored.attributes.items()
        },
    }
