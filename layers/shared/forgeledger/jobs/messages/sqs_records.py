"""From an SQS event to the intake's messages."""

from collections.abc import Collection, Mapping
from typing import Any

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.message import Message


def read_messages(event: Mapping[str, Any]) -> list[Message]:
    return [
        Message(
            message_id=record["messageId"],
            # Messages of a standard queue have no group: each is a group of its own.
            group_id=record["attributes"].get("MessageGroupId", record["messageId"]),
            sent_at=int(record["attributes"]["SentTimestamp"]),
            text=record["body"],
            body=decode(record["body"], record["messageId"]),
        )
        for record in event["Records"]
    ]


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
