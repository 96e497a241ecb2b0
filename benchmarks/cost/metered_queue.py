"""An in-process SQS FIFO queue that counts requests as AWS bills them."""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

CHUNK_BYTES: Final = 64 * 1_024
MESSAGES_PER_REQUEST: Final = 10


def chunks(size: int) -> int:
    """A request is billed once for each 64 KB begun."""
    return max(1, -(-size // CHUNK_BYTES))


class MeteredQueue:
    """It is also the SQS client of a reporter, with the two methods that send."""

    def __init__(self) -> None:
        self._groups: OrderedDict[str, deque[dict[str, Any]]] = OrderedDict()
        self.requests = 0
        self.billed_requests = 0
        self.messages = 0

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]:
        entries: Sequence[Mapping[str, Any]] = request["Entries"]
        self._count(sum(len(entry["MessageBody"]) for entry in entries))
        for entry in entries:
            self._put(entry["MessageBody"], entry["MessageGroupId"])
        return {"Successful": [{"Id": entry["Id"]} for entry in entries]}

    def send_message(self, **message: Any) -> None:
        self._count(len(message["MessageBody"]))
        self._put(message["MessageBody"], message["MessageGroupId"])

    def batches(self) -> Iterator[dict[str, Any]]:
        """Lambda events until the queue is empty, each filled from the oldest group first."""
        while self._groups:
            records: list[dict[str, Any]] = []
            while self._groups and len(records) < MESSAGES_PER_REQUEST:
                group, messages = next(iter(self._groups.items()))
                while messages and len(records) < MESSAGES_PER_REQUEST:
                    records.append(messages.popleft())
                if not messages:
                    del self._groups[group]
            # One receive, and one delete for the batch.
            self._count(sum(len(record["body"]) for record in records))
            self._count(0)
            yield {"Records": records}

    def _count(self, size: int) -> None:
        self.requests += 1
        self.billed_requests += chunks(size)

    def _put(self, body: str, group: str) -> None:
        self.messages += 1
        record = {
            "messageId": f"message-{self.messages}",
            "receiptHandle": f"receipt-{self.messages}",
            "body": body,
            "attributes": {
                "MessageGroupId": group,
                "SentTimestamp": "1795255200000",
                "ApproximateReceiveCount": "1",
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        }
        self._groups.setdefault(group, deque()).append(record)
