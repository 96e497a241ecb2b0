"""What lies in the reject queue: what can never be applied, all of it and nothing else."""

import json
from collections.abc import Container
from typing import Any

from tests.simulation.fifo_queue import QueuedMessage
from tests.simulation.message_oracle import Said


def bad_of(said: Said, lanes: Container[str]) -> list[int] | None:
    """Which commands of the message can never be applied, by their place; None: it has none."""
    if not said.raw:
        return None
    unknown = [sent.index for sent in said.commands if sent.pk not in lanes]
    return sorted([*said.bad, *unknown])


def wrongly_put_aside(
    reject: QueuedMessage, message: QueuedMessage, said: Said, lanes: Container[str]
) -> str | None:
    """Why this is not what has to be kept of the message, with the reason; None if it is."""
    bad = bad_of(said, lanes)
    if bad == []:
        return "nothing is wrong with it"
    if bad is None or len(bad) == len(said.raw):
        if reject.body != message.body:
            return f"{reject.body} is not the whole of it"
    elif json.loads(reject.body) != {"commands": [said.raw[index] for index in bad]}:
        return f"{reject.body} is not what is wrong in {message.body}"
    reason = "unknown_job" if bad and not said.bad else "invalid"
    if _told(reject, "reason") != reason or _told(reject, "sourceGroupId") != message.group:
        return f"{reason} in group {message.group} was told as {reject.attributes}"
    blamed: list[dict[str, Any]] = json.loads(_told(reject, "detail"))
    if {each.get("index") for each in blamed} != set(bad or [None]):
        return f"{bad} are wrong, and {blamed} was told"
    return None


def source_of(reject: QueuedMessage) -> str:
    return _told(reject, "sourceMessageId")


def _told(reject: QueuedMessage, name: str) -> str:
    value: str = reject.attributes[name]["StringValue"]
    return value
