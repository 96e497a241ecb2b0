"""An SQS FIFO queue: groups locked while in flight, redelivery, deduplication, dead letters."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.coverage import CoverageCounts, CoveragePoint
from tests.support.sqs_limits import check_message

_DEDUPLICATION_MS = 5 * 60 * 1000


@dataclass(slots=True)
class QueuedMessage:
    number: int
    group: str
    deduplication_id: str
    body: str
    sent_at: int
    attributes: dict[str, Any] = field(default_factory=dict)
    receive_count: int = 0
    first_received_at: int = 0
    visible_at: int = 0
    message_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.message_id = f"m{self.number}"

    @property
    def receipt(self) -> str:
        """The handle of the latest delivery."""
        return f"{self.message_id}#{self.receive_count}"


@dataclass(slots=True)
class SimulatedFifoQueue:
    """With `max_receives` 0 there is no dead-letter queue: redelivery until deletion."""

    name: str
    clock: Callable[[], int]
    visibility_ms: int = 0
    max_receives: int = 0
    coverage: CoverageCounts = field(default_factory=Counter)
    waiting: list[QueuedMessage] = field(default_factory=list)
    dead: list[QueuedMessage] = field(default_factory=list)
    # Numbers of dead letters that were redriven.
    redriven: set[int] = field(default_factory=set)
    # All messages ever accepted, in order.
    accepted: list[QueuedMessage] = field(default_factory=list)
    # By group and deduplication id: when a message was sent, and its id.
    _recent: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def send(
        self, body: str, group: str, deduplication_id: str, attributes: dict[str, Any] | None = None
    ) -> tuple[str, bool]:
        """The message's id, and whether it is new: five minutes of deduplication in its group."""
        check_message(body, attributes or {})
        now = self.clock()
        earlier = self._recent.get((group, deduplication_id))
        if earlier is not None:
            if earlier[0] + _DEDUPLICATION_MS > now:
                self.coverage[CoveragePoint.REPETITION_DROPPED] += 1
                return earlier[1], False
            self.coverage[CoveragePoint.REPETITION_ACCEPTED] += 1
        message = QueuedMessage(
            number=len(self.accepted) + 1,
            group=group,
            deduplication_id=deduplication_id,
            body=body,
            sent_at=now,
            attributes=attributes or {},
        )
        self._recent[group, deduplication_id] = (now, message.message_id)
        self.accepted.append(message)
        self.waiting.append(message)
        return message.message_id, True

    def has_accepted(self, group: str, deduplication_id: str) -> bool:
        return (group, deduplication_id) in self._recent

    def receive(self, limit: int) -> list[QueuedMessage]:
        """The next messages of all groups without a message in flight, each group in order."""
        now = self.clock()
        batch: list[QueuedMessage] = []
        locked = {message.group for message in self.waiting if message.visible_at > now}
        dead: list[QueuedMessage] = []
        for message in self.waiting:
            is_locked = message.group in locked
            if is_locked or len(batch) == limit:
                self.coverage[CoveragePoint.GROUP_LOCKED] += is_locked
                continue
            if self.max_receives and message.receive_count >= self.max_receives:
                dead.append(message)
            else:
                batch.append(message)
        for message in dead:
            self.waiting.remove(message)
            self.dead.append(message)
            self.coverage[CoveragePoint.DEAD_LETTER] += 1
        for message in batch:
            if not message.receive_count:
                message.first_received_at = now
            message.receive_count += 1
            self.coverage[CoveragePoint.DELIVERED_AGAIN] += message.receive_count > 1
            message.visible_at = now + self.visibility_ms
        self.coverage[CoveragePoint.MIXED_GROUPS] += len({message.group for message in batch}) > 1
        return batch

    def make_visible(self, batch: list[QueuedMessage]) -> None:
        """End the visibility timeout of these messages."""
        for message in batch:
            message.visible_at = self.clock()

    def delete(self, message: QueuedMessage, receipt: int) -> bool:
        """The receipt of an earlier delivery deletes nothing."""
        if message not in self.waiting or message.receive_count != receipt:
            return False
        self.waiting.remove(message)
        return True

    def waiting_numbers(self) -> list[int]:
        return [message.number for message in self.waiting]

    def next_visible_at(self) -> int | None:
        """When a message can be received: any message in flight locks its group."""
        free_at: dict[str, int] = {}
        for message in self.waiting:
            free_at[message.group] = max(free_at.get(message.group, 0), message.visible_at)
        return min(free_at.values(), default=None)


def sqs_record(message: QueuedMessage) -> dict[str, Any]:
    """The message as a record in the event of a Lambda function."""
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receive_count),
            "SentTimestamp": str(message.sent_at),
            "ApproximateFirstReceiveTimestamp": str(message.first_received_at),
            "SequenceNumber": f"{message.number:020d}",
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication_id,
        },
        "messageAttributes": {
            name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
            for name, value in message.attributes.items()
        },
        "eventSource": "aws:sqs",
        "awsRegion": "eu-central-1",
    }
