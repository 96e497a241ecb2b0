"""The records of an SQS event, reduced to what the intake needs of them."""

from collections.abc import Mapping
from typing import Any

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.message import Message


def read_messages(event: Mapping[str, Any]) -> list[Message]:
    """All messages of a batch, in order."""
    return [_message(record) for record in event["Records"]]


def _message(record: Mapping[str, Any]) -> Message:
    message_id = record["messageId"]
    return Message(
        message_id=message_id,
        # A queue that is not FIFO has no groups: each message stands for itself.
        group_id=record["attributes"].get("MessageGroupId", message_id),
        sent_at=int(record["attributes"]["SentTimestamp"]),
        text=record["body"],
        body=decode(record["body"], message_id),
    )
