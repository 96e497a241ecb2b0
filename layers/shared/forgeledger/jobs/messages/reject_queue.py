"""The reject queue: messages that can never be applied, as they came, with the reasons."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from forgeledger.aws.errors import code_of, may_pass
from forgeledger.errors import OutOfTime
from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.jobs.model.message import CommandProblem, Message
from forgeledger.runtime import HasTime, Runtime

_TRIES: Final = 60
_DETAIL_CHARACTERS: Final = 1_024
_TYPE: Final = "String"
# Attributes count towards the size of a message, which may be at its limit already. These are left
# out one after another: the log has the reason as well, and a reject's deduplication id and group
# are those of its source.
_LEFT_OUT_FIRST: Final = ("detail", "reason", "sourceGroupId", "sourceMessageId", "indexes")
# What SQS refuses in a body: https://www.w3.org/TR/REC-xml/#charsets. Compiled when it is needed.
_REFUSED: Final = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
# At most four bytes each: below the limit of every partition of AWS, with the attributes.
_TRUNCATED_CHARACTERS: Final = 32 * 1024


class SqsRejectQueue:
    def __init__(self, client: Callable[[], Any], queue_url: str, runtime: Runtime) -> None:
        # A function: most batches reject nothing, and building a client takes longer than a batch.
        self._client = client
        self._queue_url = queue_url
        self._runtime = runtime

    def put(self, message: Message, problems: Sequence[CommandProblem], has_time: HasTime) -> bool:
        """Store the message; False if SQS takes it only with a part of its body."""
        attributes = _attributes(message, problems)
        for body, fitting in _versions(message.text, attributes):
            try:
                self._send(message, body, fitting, has_time)
            except Exception as error:
                # Without a message that it accepts the lane would wait for an hour.
                if not _is_refused(error):
                    raise
                refused = error
            else:
                return body == message.text
        raise refused

    def _send(
        self, message: Message, body: str, attributes: Mapping[str, str], has_time: HasTime
    ) -> None:
        for tries in range(_TRIES):
            if not has_time():
                break
            try:
                self._client().send_message(
                    QueueUrl=self._queue_url,
                    MessageBody=body,
                    MessageGroupId=message.group_id,
                    # The queue drops a repetition within five minutes.
                    MessageDeduplicationId=message.message_id,
                    MessageAttributes={
                        name: {"DataType": _TYPE, "StringValue": text}
                        for name, text in attributes.items()
                    },
                )
            except Exception as error:
                if not may_pass(error):
                    raise
                self._runtime.pause(tries)
            else:
                return
        raise OutOfTime("reject queue")


def _versions(body: str, attributes: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """What to send, until SQS accepts it: the last resort is a truncated body."""
    fitting = dict(attributes)
    for name in _LEFT_OUT_FIRST:
        if _size(body, fitting) > MESSAGE_BYTES:
            fitting.pop(name, None)
    if _size(body, fitting) <= MESSAGE_BYTES and not re.search(_REFUSED, body):
        yield body, fitting
        if fitting:
            # In some partitions of AWS a message is smaller.
            yield body, {}
    yield _truncated(body), attributes


def _is_refused(error: Exception) -> bool:
    """Whether SQS says that this message is invalid, as it would say each time."""
    return "invalid" in code_of(error).lower()


def _truncated(body: str) -> str:
    """The beginning, with a replacement for each character that SQS refuses."""
    return re.sub(_REFUSED, "\ufffd", body[:_TRUNCATED_CHARACTERS])


def _attributes(message: Message, problems: Sequence[CommandProblem]) -> dict[str, str]:
    attributes = {
        "reason": problems[0].reason,
        "detail": _detail(problems),
        "sourceMessageId": message.source_id,
        "sourceGroupId": message.group_id,
    }
    if indexes := _indexes(message, problems):
        attributes["indexes"] = indexes
    return attributes


def _size(body: str, attributes: Mapping[str, str]) -> int:
    """As SQS counts: the body, and each attribute's name, type and value."""
    texts = (f"{name}{_TYPE}{text}" for name, text in attributes.items())
    return sum(len(part.encode(errors="replace")) for part in (body, *texts))


def _indexes(message: Message, problems: Sequence[CommandProblem]) -> str:
    """Which commands were rejected, as JSON; empty if the whole message was."""
    bad = sorted({problem.index for problem in problems if problem.index is not None})
    return json.dumps(bad) if bad and len(bad) < len(message.body.raw) else ""


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
