"""From an SQS event to the intake's messages."""

from collections.abc import Mapping
from typing import Any

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.message import Message


def read_messages(event: Mapping[str, Any]) -> list[Message]:
    return [_message(record) for record in event["Records"]]


def _message(record: Mapping[str, Any]) -> Message:
    message_id = record["messageId"]
    return Message(
        message_id=message_id,
        # Messages of a standard queue have no group: each is a group of its own.
        group_id=record["attributes"].get("MessageGroupId", message_id),
        sent_at=int(record["attributes"]["SentTimestamp"]),
        text=record["body"],
        body=decode(record["body"], message_id),
    )
