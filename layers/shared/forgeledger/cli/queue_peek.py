"""Reads the messages of a FIFO queue without a consumer, and leaves them in it.

SQS locks a group while messages of it are in flight, so of each group only what came with its
first batch can be read: ten messages, or fewer if the batch has those of other groups too.
Received messages are made visible again.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from forgeledger.batched import batched
from forgeledger.cli.redriven_body import selected
from forgeledger.jobs.model.limits import MESSAGE_BYTES, MESSAGE_ID_CHARACTERS
from forgeledger.json_text import iso_of

ENTRIES_PER_REQUEST: Final = 10
# Long enough to read a queue; after a crash the messages are visible again by then.
_VISIBILITY_SECONDS: Final = 60
_EMPTY_ANSWERS: Final = 2
# An engine on this machine may keep the deduplication id of the sender.
_MESSAGE_ID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A message that other consumers do not see until it is released."""

    message_id: str
    deduplication_id: str
    receipt: str
    body: str
    group: str
    sent_at: datetime
    receives: int
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        return self.attributes.get("reason", "")

    @property
    def detail(self) -> Any:
        text = self.attributes.get("detail", "")
        try:
            return json.loads(text) if text else []
        except ValueError:
            return text

    @property
    def detail_text(self) -> str:
        """The detail for people: which field breaks which rule."""
        detail = self.detail
        if not isinstance(detail, list) or not all(isinstance(entry, dict) for entry in detail):
            return str(detail)
        several = any(problem.get("index") for problem in detail)
        return "; ".join(f"{_field(problem, several)}: {problem.get('rule')}" for problem in detail)

    @property
    def source_id(self) -> str:
        """The message's id when it was first sent.

        It is the deduplication id of a dead letter (by SQS) and of a reject (by the intake).
        """
        first = self.deduplication_id if _MESSAGE_ID.fullmatch(self.deduplication_id) else ""
        given = self.attributes.get("sourceMessageId", "")
        # The intake takes no longer one either.
        return (len(given) <= MESSAGE_ID_CHARACTERS and given) or first or self.message_id

    @property
    def indexes(self) -> list[int]:
        """Which of its commands were rejected; empty means all."""
        try:
            indexes = json.loads(self.attributes.get("indexes", "[]"))
        except ValueError:
            return []
        # A dead letter has the attributes that its sender gave it.
        is_ours = isinstance(indexes, list) and all(type(index) is int for index in indexes)
        return indexes if is_ours and min(indexes, default=0) >= 0 else []

    @property
    def rejected_body(self) -> str:
        """The body, of which only the rejected commands."""
        return selected(self.body, self.indexes)

    @property
    def source_group(self) -> str:
        """The group in which it was first sent; a dead letter is still in it."""
        return self.attributes.get("sourceGroupId") or self.group

    def document(self) -> dict[str, Any]:
        return {
            "messageId": self.message_id,
            "reason": self.reason,
            "detail": self.detail,
            "sourceMessageId": self.source_id,
            "sourceGroupId": self.source_group,
            "sentAt": iso_of(self.sent_at),
            "receives": self.receives,
            "body": self.rejected_body,
        }


class FifoQueue:
    """One queue through one client.

    With `attributes` only those are read: others are the senders' own, whatever their names.
    """

    def __init__(
        self, client: Any, queue_url: str, attributes: frozenset[str] | None = None
    ) -> None:
        self._client = client
        self._attributes = attributes
        self.queue_url = queue_url

    def depth(self) -> int:
        """The approximate number of messages, in flight or not."""
        attributes = self._client.get_queue_attributes(
            QueueUrl=self.queue_url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )["Attributes"]
        return sum(int(number) for number in attributes.values())

    @contextmanager
    def peek(self) -> Iterator[Iterator[ReceivedMessage]]:
        """The messages that SQS delivers, in order within each group; released at the end."""
        received: list[ReceivedMessage] = []
        try:
            yield self._receive_all(received)
        finally:
            self.release(received)

    def receive(self) -> list[ReceivedMessage]:
        answer = self._client.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=ENTRIES_PER_REQUEST,
            WaitTimeSeconds=0,
            VisibilityTimeout=_VISIBILITY_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [_received(message, self._attributes) for message in answer.get("Messages", ())]

    def release(self, messages: Sequence[ReceivedMessage]) -> None:
        """Make them visible again; failed entries are messages that were deleted meanwhile."""
        # The last first, so that a consumer in between never gets the second before the first.
        for batch in batched(list(reversed(messages)), ENTRIES_PER_REQUEST):
            self._client.change_message_visibility_batch(
                QueueUrl=self.queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt, "VisibilityTimeout": 0}
                    for index, message in enumerate(batch)
                ],
            )

    def delete(self, messages: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Delete them and return those that SQS did not delete."""
        not_deleted: list[ReceivedMessage] = []
        for batch in batched(messages, ENTRIES_PER_REQUEST):
            answer = self._client.delete_message_batch(
                QueueUrl=self.queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message.receipt}
                    for index, message in enumerate(batch)
                ],
            )
            not_deleted += [batch[int(entry["Id"])] for entry in answer.get("Failed", ())]
        return not_deleted

    def _receive_all(self, received: list[ReceivedMessage]) -> Iterator[ReceivedMessage]:
        """SQS may return nothing although there are messages, so one empty answer is no end."""
        seen: set[str] = set()
        empty = 0
        while empty < _EMPTY_ANSWERS:
            batch = self.receive()
            received += batch
            new = [message for message in batch if message.message_id not in seen]
            empty = 0 if new else empty + 1
            seen.update(message.message_id for message in new)
            yield from new


def dead_letter_queue_url(client: Any, queue_url: str) -> str | None:
    """The dead-letter queue of a queue, if it has one."""
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(answer.get("Attributes", {}).get("RedrivePolicy") or "{}")
    arn = policy.get("deadLetterTargetArn")
    if not arn:
        return None
    *_, account, name = arn.split(":")
    url: str = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    return url


def largest_message(client: Any, queue_url: str) -> int:
    """How many bytes a message of the queue has at most: SQS takes 256 KiB in some partitions."""
    name = "MaximumMessageSize"
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])
    return int(answer.get("Attributes", {}).get(name, MESSAGE_BYTES))


def _received(message: dict[str, Any], attributes: frozenset[str] | None) -> ReceivedMessage:
    system = message["Attributes"]
    return ReceivedMessage(
        message_id=message["MessageId"],
        deduplication_id=system.get("MessageDeduplicationId", ""),
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        group=system.get("MessageGroupId", ""),
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        receives=int(system["ApproximateReceiveCount"]),
        attributes={
            name: value.get("StringValue", "")
            for name, value in message.get("MessageAttributes", {}).items()
            if attributes is None or name in attributes
        },
    )


def _field(problem: dict[str, Any], several: bool) -> str:
    """The field with its command's index, which older versions left out of `field`."""
    field, command = str(problem.get("field")), f"commands[{problem.get('index')}]"
    if not several or "index" not in problem or field.startswith("commands["):
        return field
    return command if field == "command" else f"{command}.{field}"
