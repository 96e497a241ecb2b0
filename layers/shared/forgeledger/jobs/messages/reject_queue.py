"""The reject queue: what can never be applied, whole, with the reason beside it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.jobs.model.message import CommandProblem, Message

# Attributes count towards the size of a message, and the message may be as large as allowed.
_DETAIL_CHARACTERS = 1_024


class SqsRejectQueue:
    def __init__(self, client: Callable[[], Any], queue_url: str) -> None:
        # Most batches reject nothing, and a client takes longer to make than a batch to apply.
        self._client = client
        self._queue_url = queue_url

    def put(self, message: Message, problems: Sequence[CommandProblem]) -> None:
        body = _body(message, problems)
        attributes = {
            "reason": _text(problems[0].reason),
            "detail": _text(_detail(problems)),
            "sourceMessageId": _text(message.message_id),
            "sourceGroupId": _text(message.group_id),
        }
        if _size(body, attributes) > MESSAGE_BYTES:
            # The message is what must not be lost; its reason is in the log as well.
            attributes = {}
        self._client().send_message(
            QueueUrl=self._queue_url,
            MessageBody=body,
            MessageGroupId=message.group_id,
            # A repetition within five minutes is dropped by the queue.
            MessageDeduplicationId=message.message_id,
            MessageAttributes=attributes,
        )


def _size(body: str, attributes: Mapping[str, Mapping[str, str]]) -> int:
    """What SQS counts: the body, and each attribute's name, type and value."""
    beside = sum(
        len(name) + sum(len(part.encode()) for part in value.values())
        for name, value in attributes.items()
    )
    return len(body.encode()) + beside


def _body(message: Message, problems: Sequence[CommandProblem]) -> str:
    """The whole message, or, where some of its commands were applied, only the others."""
    bad = sorted({problem.index for problem in problems if problem.index is not None})
    if not bad or len(bad) == len(message.body.raw):
        return message.text
    commands = [message.body.raw[index] for index in bad]
    return json.dumps({"commands": commands}, ensure_ascii=False, separators=(",", ":"))


def _detail(problems: Sequence[CommandProblem]) -> str:
    """As many problems as there is room for, as JSON."""
    told: list[dict[str, Any]] = []
    for problem in problems:
        one = {"index": problem.index, "field": problem.field, "rule": problem.rule[:200]}
        more = [*told, {name: value for name, value in one.items() if value is not None}]
        if len(json.dumps(more)) > _DETAIL_CHARACTERS:
            break
        told = more
    return json.dumps(told)


def _text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}
