"""The reject queue: messages that can never be applied, with the reason as attributes."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.jobs.model.message import CommandProblem, Message

# Attributes count towards the size of a message, which may be at its limit already.
_DETAIL_CHARACTERS = 1_024
_TYPE = "String"


class SqsRejectQueue:
    def __init__(self, client: Callable[[], Any], queue_url: str) -> None:
        # A function: most batches reject nothing, and building a client takes longer than a batch.
        self._client = client
        self._queue_url = queue_url

    def put(self, message: Message, problems: Sequence[CommandProblem]) -> None:
        body = _body(message, problems)
        texts = {
            "reason": problems[0].reason,
            "detail": _detail(problems),
            "sourceMessageId": message.message_id,
            "sourceGroupId": message.group_id,
        }
        if _size(body, texts) > MESSAGE_BYTES:
            # Rather lose the reason than the message; the log has the reason as well.
            texts = {}
        self._client().send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            MessageGroupId=message.group_id,
            # The queue drops a repetition within five minutes.
            MessageDeduplicationId=message.message_id,
            MessageAttributes={
                name: {"DataType": _TYPE, "StringValue": text} for name, text in texts.items()
            },
        )


def _size(body: str, texts: Mapping[str, str]) -> int:
    """As SQS counts: the body, and each attribute's name, type and value."""
    attributes = (f"{name}{_TYPE}{text}" for name, text in texts.items())
    return sum(len(part.encode()) for part in (body, *attributes))


def _body(message: Message, problems: Sequence[CommandProblem]) -> str:
    """The message as it came; if some of its commands were applied, only the others."""
    bad = sorted({problem.index for problem in problems if problem.index is not None})
    if not bad or len(bad) == len(message.body.raw):
        return message.text
    commands = [message.body.raw[index] for index in bad]
    return json.dumps({"commands": commands}, ensure_ascii=False, separators=(",", ":"))


def _detail(problems: Sequence[CommandProblem]) -> str:
    """The first problems as JSON, as many as fit."""
    detail = "[]"
    entries: list[dict[str, Any]] = []
    for problem in problems:
        entry = {"index": problem.index, "field": problem.field, "rule": problem.rule[:200]}
        entries.append({name: value for name, value in entry.items() if value is not None})
        longer = json.dumps(entries)
        if len(longer) > _DETAIL_CHARACTERS:
            break
        detail = longer
    return detail
