"""SQS for the tests of the command line: several FIFO queues behind one client."""

from typing import Any

from tests.simulation.fifo_queue import QueuedMessage
from tests.support.fake_queues import FINE, FakeFifoQueue, Fault
from tests.support.sqs_limits import MEBIBYTE, message_bytes, refusal


class FakeFifo(FakeFifoQueue):
    """A queue to which a test adds messages, and whose calls it lets fail."""

    def __init__(self, attributes: dict[str, str] | None = None) -> None:
        super().__init__(fault=self._fault)
        self.attributes = attributes or {}
        # Bodies that are refused, and whether deletions fail.
        self.refuses: set[str] = set()
        self.keeps = False

    def put(
        self,
        body: str,
        group: str = "g",
        message_id: str = "",
        deduplication_id: str = "",
        **attributes: str,
    ) -> QueuedMessage:
        texts = {
            name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
        }
        unique = deduplication_id or f"put {len(self.queue.accepted)}"
        self.queue.send(body, group, unique, texts)
        message = self.queue.accepted[-1]
        message.message_id = message_id or message.message_id
        return message

    def check(self, entries: Any) -> None:
        """As a partition in which SQS takes no more than this queue."""
        super().check(entries)
        most = int(self.attributes.get("MaximumMessageSize", MEBIBYTE))
        sizes = [
            message_bytes(entry["MessageBody"], entry.get("MessageAttributes", {}))
            for entry in entries
        ]
        if sum(sizes) > most:
            raise refusal("AWS.SimpleQueueService.BatchRequestTooLong", f"more than {most} bytes")

    def _fault(self, _: int, entries: Any) -> Fault:
        refused = [n for n, entry in enumerate(entries) if entry["MessageBody"] in self.refuses]
        return Fault(refused=frozenset(refused)) if refused else FINE

    @property
    def messages(self) -> list[QueuedMessage]:
        return self.queue.waiting

    @property
    def bodies(self) -> list[str]:
        return [message.body for message in self.messages]

    @property
    def hidden(self) -> list[str]:
        return [message.body for message in self.messages if message.visible_at]

    def received(self, entries: list[dict[str, Any]]) -> list[QueuedMessage]:
        """The messages with the receipt handles of these entries."""
        handles = {entry["ReceiptHandle"] for entry in entries}
        return [message for message in self.messages if message.receipt in handles]


class FakeSqs:
    """The calls that the command line makes, on queues by their URL."""

    def __init__(self, **queues: FakeFifo) -> None:
        self.queues = queues
        # Called with each message that is sent and new.
        self.on_send: Any = None

    def receive_message(self, **request: Any) -> dict[str, Any]:
        queue = self.queues[request["QueueUrl"]].queue
        messages = queue.receive(request["MaxNumberOfMessages"])
        return {"Messages": [_as_received(message) for message in messages]} if messages else {}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        fifo = self.queues[request["QueueUrl"]]
        fifo.queue.make_visible(fifo.received(request["Entries"]))
        return {}

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        fifo = self.queues[request["QueueUrl"]]
        if fifo.keeps:
            return {"Failed": [{"Id": entry["Id"]} for entry in request["Entries"]]}
        for message in fifo.received(request["Entries"]):
            fifo.queue.delete(message, message.receive_count)
        return {}

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        fifo = self.queues[request["QueueUrl"]]
        before = len(fifo.queue.accepted)
        answer: dict[str, Any] = fifo.send_message_batch(**request)
        for message in fifo.queue.accepted[before:]:
            if self.on_send is not None:
                self.on_send(message)
        return answer

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        fifo = self.queues[request["QueueUrl"]]
        known = {
            "ApproximateNumberOfMessages": str(len(fifo.messages)),
            "ApproximateNumberOfMessagesNotVisible": "0",
            **fifo.attributes,
        }
        names = request["AttributeNames"]
        return {"Attributes": {k: v for k, v in known.items() if "All" in names or k in names}}

    def get_queue_url(self, **request: Any) -> dict[str, Any]:
        return {"QueueUrl": request["QueueName"]}


def _as_received(message: QueuedMessage) -> dict[str, Any]:
    return {
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "Attributes": {
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication_id,
            "SentTimestamp": "1795255200000",
            "ApproximateReceiveCount": str(message.receive_count),
        },
        "MessageAttributes": message.attributes,
    }
