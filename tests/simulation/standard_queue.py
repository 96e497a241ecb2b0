"""An SQS standard queue: delays, any order, messages that come twice, and some that never come."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.coverage import CoverageCounts, CoveragePoint
from tests.simulation.fifo_queue import QueuedMessage, sqs_record
from tests.simulation.world_rules import WAKE_MAX_RECEIVES, WAKE_VISIBILITY_MS
from tests.support.sqs_limits import check_message

_LONGEST_DELAY_SECONDS = 900
_TWICE_SHARE = 0.1
_LOST_SHARE = 0.2


@dataclass(slots=True)
class SimulatedStandardQueue:
    clock: Callable[[], int]
    draw: Callable[[], float]
    visibility_ms: int
    max_receives: int
    coverage: CoverageCounts = field(default_factory=Counter)
    # SQS loses nothing; a reader may, and a purge does.
    loses: bool = True
    sent: int = 0
    waiting: list[QueuedMessage] = field(default_factory=list)
    dead: list[QueuedMessage] = field(default_factory=list)

    def send(self, body: str, delay_seconds: int) -> str:
        check_message(body, {})
        assert 0 <= delay_seconds <= _LONGEST_DELAY_SECONDS, "SQS refuses such a delay"
        self.sent += 1
        now = self.clock()
        message = QueuedMessage(
            number=self.sent, group="", deduplication_id="", body=body, sent_at=now
        )
        message.visible_at = now + delay_seconds * 1_000
        if self.loses and self.draw() < _LOST_SHARE:
            self.coverage[CoveragePoint.WAKE_LOST] += 1
        else:
            self.waiting.append(message)
        return message.message_id

    def receive(self, limit: int) -> list[QueuedMessage]:
        now = self.clock()
        visible = [message for message in self.waiting if message.visible_at <= now]
        if len(visible) > 1 and self.draw() < 0.5:
            visible.reverse()
        for message in [each for each in visible if each.receive_count >= self.max_receives]:
            visible.remove(message)
            self.waiting.remove(message)
            self.dead.append(message)
        batch = visible[:limit]
        for message in batch:
            message.receive_count += 1
            message.first_received_at = message.first_received_at or now
            if self.draw() >= _TWICE_SHARE:
                message.visible_at = now + self.visibility_ms
        return batch

    def delete(self, message: QueuedMessage, receipt: int) -> None:
        """The receipt of an earlier delivery may delete nothing."""
        if message in self.waiting and message.receive_count == receipt:
            self.waiting.remove(message)

    def next_visible_at(self) -> int | None:
        return min((message.visible_at for message in self.waiting), default=None)


def wake_queue(
    clock: Callable[[], int], draw: Callable[[], float], coverage: CoverageCounts
) -> SimulatedStandardQueue:
    return SimulatedStandardQueue(clock, draw, WAKE_VISIBILITY_MS, WAKE_MAX_RECEIVES, coverage)


def wake_record(message: QueuedMessage) -> dict[str, Any]:
    """The message as a record in the event of a Lambda function: it has no group."""
    record = sqs_record(message)
    for name in ("SequenceNumber", "MessageGroupId", "MessageDeduplicationId"):
        del record["attributes"][name]
    return record
