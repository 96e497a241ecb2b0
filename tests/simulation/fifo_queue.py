"""An SQS FIFO queue: groups locked while in flight, redelivery, deduplication, dead letters."""

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.coverage import Happening, Met

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
    visible_at: int = 0
    message_id: str = field(init=False)

    def __post_init__(self) -> None:
        self.message_id = f"m{self.number}"


@dataclass(slots=True)
class FifoQueue:
    """`max_receives` 0: no dead-letter queue; a message comes until it is deleted."""

    name: str
    clock: Callable[[], int]
    visibility_ms: int = 0
    max_receives: int = 0
    met: Met = field(default_factory=Counter)
    waiting: list[QueuedMessage] = field(default_factory=list)
    dead: list[QueuedMessage] = field(default_factory=list)
    # Everything that was ever accepted, in order.
    accepted: list[QueuedMessage] = field(default_factory=list)
    _recent: dict[str, tuple[int, str]] = field(default_factory=dict)

    def send(
        self, body: str, group: str, deduplication_id: str, attributes: dict[str, Any] | None = None
    ) -> tuple[str, bool]:
        """The message's id, and whether it is new: within five minutes a repetition is dropped."""
        now = self.clock()
        known = self._recent.get(deduplication_id)
        if known is not None:
            if known[0] + _DEDUPLICATION_MS > now:
                self.met[Happening.REPETITION_DROPPED] += 1
                return known[1], False
            self.met[Happening.REPETITION_ACCEPTED] += 1
        message = QueuedMessage(
            number=len(self.accepted) + 1,
            group=group,
            deduplication_id=deduplication_id,
            body=body,
            sent_at=now,
            attributes=attributes or {},
        )
        self._recent[deduplication_id] = (now, message.message_id)
        self.accepted.append(message)
        self.waiting.append(message)
        return message.message_id, True

    @property
    def deduplications(self) -> Container[str]:
        """Ids of all messages that were ever accepted."""
        return self._recent

    def receive(self, most: int) -> list[QueuedMessage]:
        """The next messages of groups of which nothing is in flight, each group in order."""
        now = self.clock()
        batch: list[QueuedMessage] = []
        locked: set[str] = set()
        dead: list[QueuedMessage] = []
        for message in self.waiting:
            is_locked = message.group in locked
            if is_locked or len(batch) == most:
                self.met[Happening.GROUP_LOCKED] += is_locked
                continue
            if message.visible_at > now:
                locked.add(message.group)
            elif self.max_receives and message.receive_count >= self.max_receives:
                dead.append(message)
            else:
                batch.append(message)
        for message in dead:
            self.waiting.remove(message)
            self.dead.append(message)
            self.met[Happening.DEAD_LETTER] += 1
        for message in batch:
            message.receive_count += 1
            self.met[Happening.DELIVERED_AGAIN] += message.receive_count > 1
            message.visible_at = now + self.visibility_ms
        self.met[Happening.MIXED_GROUPS] += len({message.group for message in batch}) > 1
        return batch

    def show_again(self, batch: list[QueuedMessage]) -> None:
        """Messages in flight become visible at once, as if their time was over."""
        for message in batch:
            message.visible_at = self.clock()

    def delete(self, message: QueuedMessage, receipt: int) -> bool:
        """A receipt of an earlier delivery deletes nothing once its visibility is over."""
        if message not in self.waiting or message.receive_count != receipt:
            return False
        self.waiting.remove(message)
        return True

    def next_visible_at(self) -> int | None:
        return min((message.visible_at for message in self.waiting), default=None)


def record_of(message: QueuedMessage) -> dict[str, Any]:
    """The message as it stands in the event of a Lambda function."""
    return {
        "messageId": message.message_id,
        "receiptHandle": f"{message.message_id}#{message.receive_count}",
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receive_count),
            "SentTimestamp": str(message.sent_at),
            "SequenceNumber": f"{message.number:020d}",
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication_id,
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "awsRegion": "eu-central-1",
    }
