"""From an SQS event to the intake's messages."""

from collections.abc import Collection, Mapping
from typing import Any

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.limits import MESSAGE_ID_CHARACTERS
from forgeledger.jobs.model.message import Message


def read_messages(event: Mapping[str, Any]) -> list[Message]:
    return [_message(record) for record in event["Records"]]


def _message(record: Mapping[str, Any]) -> Message:
    message_id, text, attributes = record["messageId"], record["body"], record["attributes"]
    source_id = message_id
    if (sent_with := record.get("messageAttributes")) and "sourceMessageId" in sent_with:
        # A redriven message has a new id.
        given = sent_with["sourceMessageId"].get("stringValue") or ""
        # It becomes a part of each command's id: as large as a message, it would take all memory.
        source_id = given if 0 < len(given) <= MESSAGE_ID_CHARACTERS else message_id
    return Message(
        message_id=message_id,
        source_id=source_id,
        # Messages of a standard queue have no group: each is a group of its own.
        group_id=attributes.get("MessageGroupId", message_id),
        sent_at=int(attributes["SentTimestamp"]),
        text=text,
        body=decode(text, source_id),
        receipt=record["receiptHandle"],
        receives=int(attributes["ApproximateReceiveCount"]),
    )


def failing_seconds(event: Mapping[str, Any], failed: Collection[str], now: int) -> float | None:
    """How long ago the longest failing message was received first; None if none failed."""
    if not failed:
        return None
    firsts = [
        int(record["attributes"].get("ApproximateFirstReceiveTimestamp", now))
        for record in event["Records"]
        if record["messageId"] in failed
    ]
    return max(0.0, (now - min(firsts, default=now)) / 1_000)
