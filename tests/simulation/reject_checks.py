"""The reject queue must hold exactly the commands that can never be applied."""

import json
from collections.abc import Container
from typing import Any, Final

from tests.simulation.fifo_queue import QueuedMessage
from tests.simulation.message_oracle import MessageContent
from tests.simulation.request_checks import source_id

# From so many characters on the attributes of a reject may not fit.
_NEARLY_FULL: Final = 1_040_000


def rejected_indexes(content: MessageContent, lanes: Container[str]) -> list[int] | None:
    """Indexes of the commands that can never be applied; None: the message holds no commands."""
    if not content.raw:
        return None
    unknown = [sent.index for sent in content.commands if sent.pk not in lanes]
    return sorted([*content.invalid, *unknown])


def wrong_reject(
    reject: QueuedMessage, message: QueuedMessage, content: MessageContent, lanes: Container[str]
) -> str | None:
    """Why this is not the reject of the message; None if it is."""
    rejected = rejected_indexes(content, lanes)
    if rejected == []:
        return "all of its commands can be applied"
    if reject.body != message.body:
        return f"{reject.body} is not the message as it came, {message.body}"
    if len(message.body) > _NEARLY_FULL:
        # There may be no room for attributes.
        return None
    is_partial = rejected is not None and len(rejected) < len(content.raw)
    indexes = json.loads(_attribute(reject, "indexes")) if "indexes" in reject.attributes else None
    if indexes != (rejected if is_partial else None):
        return f"{rejected} are rejected, but the attributes are {reject.attributes}"
    reason = "unknown_job" if rejected and not content.invalid else "invalid"
    if (
        _attribute(reject, "reason") != reason
        or _attribute(reject, "sourceGroupId") != message.group
        or _attribute(reject, "sourceMessageId") != source_id(message)
    ):
        return f"{reason} in group {message.group} has the attributes {reject.attributes}"
    problems: list[dict[str, Any]] = json.loads(_attribute(reject, "detail"))
    if {problem.get("index") for problem in problems} != set(rejected or [None]):
        return f"{rejected} are rejected, but the problems are {problems}"
    return None


def source_of(reject: QueuedMessage) -> str:
    """The id of the rejected message, which even a reject without attributes has."""
    return reject.deduplication_id


def _attribute(reject: QueuedMessage, name: str) -> str:
    value: str = reject.attributes[name]["StringValue"]
    return value
