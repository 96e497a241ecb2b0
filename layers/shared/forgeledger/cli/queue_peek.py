"""Messages in a FIFO queue that nobody consumes: looked at without taking them away.

SQS locks a group while messages of it are in flight, so of each group only the first batch can
be seen before something of it is deleted. Whatever is received is made visible again.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from forgeledger.batched import batched
from forgeledger.json_text import iso_of

ENTRIES_PER_REQUEST: Final = 10
# Long enough to look through a queue; what a crash leaves behind is visible again after it.
_HOLD_SECONDS: Final = 60
_EMPTY_ANSWERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that is hidden from others until it is deleted or let go."""

    message_id: str
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
    def told(self) -> str:
        """The detail in words: which field breaks which rule."""
        detail = self.detail
        if not isinstance(detail, list) or not all(isinstance(each, dict) for each in detail):
            return str(detail)
        several = any(each.get("index") for each in detail)
        return "; ".join(f"{_placed(each, several)}: {each.get('rule')}" for each in detail)

    @property
    def source_group(self) -> str:
        """The group in which it was sent first; a dead letter keeps it as its own."""
        return self.attributes.get("sourceGroupId") or self.group

    def document(self) -> dict[str, Any]:
        return {
            "messageId": self.message_id,
            "reason": self.reason,
            "detail": self.detail,
            "sourceMessageId": self.attributes.get("sourceMessageId"),
            "sourceGroupId": self.source_group,
            "sentAt": iso_of(self.sent_at),
            "receives": self.receives,
            "body": self.body,
        }


class FifoQueue:
    """One queue through one client; every failed entry of a batch is looked at."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self.queue_url = queue_url

    def depth(self) -> int:
        """How many messages there are, about, seen or not."""
        told = self._client.get_queue_attributes(
            QueueUrl=self.queue_url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )["Attributes"]
        return sum(int(number) for number in told.values())

    @contextmanager
    def looking(self) -> Iterator[Iterator[Held]]:
        """The messages that can be seen, in order within each group; let go at the end."""
        held: list[Held] = []
        try:
            yield self._receive_all(held)
        finally:
            self.let_go(held)

    def receive(self) -> list[Held]:
        answer = self._client.receive_message(
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=ENTRIES_PER_REQUEST,
            WaitTimeSeconds=0,
            VisibilityTimeout=_HOLD_SECONDS,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [_held(message) for message in answer.get("Messages", ())]

    def let_go(self, messages: Sequence[Held]) -> None:
        """Make them visible again; one that was deleted meanwhile cannot be, and need not."""
        # The last first: a consumer that comes in between must not see the second before the first.
        for batch in batched(list(reversed(messages)), ENTRIES_PER_REQUEST):
            self._client.change_message_visibility_batch(
                QueueUrl=self.queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each.receipt, "VisibilityTimeout": 0}
                    for number, each in enumerate(batch)
                ],
            )

    def delete(self, messages: Sequence[Held]) -> list[Held]:
        """Delete them and return those that SQS did not delete."""
        kept: list[Held] = []
        for batch in batched(messages, ENTRIES_PER_REQUEST):
            answer = self._client.delete_message_batch(
                QueueUrl=self.queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each.receipt}
                    for number, each in enumerate(batch)
                ],
            )
            kept += [batch[int(entry["Id"])] for entry in answer.get("Failed", ())]
        return kept

    def _receive_all(self, held: list[Held]) -> Iterator[Held]:
        """SQS may answer with nothing although there is something, so it is asked once more."""
        seen: set[str] = set()
        empty = 0
        while empty < _EMPTY_ANSWERS:
            batch = self.receive()
            held += batch
            fresh = [each for each in batch if each.message_id not in seen]
            empty = 0 if fresh else empty + 1
            seen.update(each.message_id for each in fresh)
            yield from fresh


def dead_letter_queue_url(client: Any, queue_url: str) -> str | None:
    """Where a queue's messages go that were received too often; None if nowhere."""
    told = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(told.get("Attributes", {}).get("RedrivePolicy") or "{}")
    arn = policy.get("deadLetterTargetArn")
    if not arn:
        return None
    *_, account, name = arn.split(":")
    url: str = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    return url


def _held(message: dict[str, Any]) -> Held:
    system = message["Attributes"]
    return Held(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        group=system.get("MessageGroupId", ""),
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        receives=int(system["ApproximateReceiveCount"]),
        attributes={
            name: value.get("StringValue", "")
            for name, value in message.get("MessageAttributes", {}).items()
        },
    )


def _placed(problem: dict[str, Any], several: bool) -> str:
    """The field with its command's place, which older versions put aside without it."""
    field, command = str(problem.get("field")), f"commands[{problem.get('index')}]"
    if not several or "index" not in problem or field.startswith("commands["):
        return field
    return command if field == "command" else f"{command}.{field}"
