"""When a message that could not be applied is received again."""

from collections.abc import Iterable
from typing import Final

from forgeledger.backoff import pause_seconds
from forgeledger.jobs.model.message import Message

_FIRST_SECONDS: Final = 2
# The queue's own visibility timeout. An outage of an hour then takes 27 receives.
_LONGEST_SECONDS: Final = 180


def redelivery_seconds(receives: int) -> int:
    return int(pause_seconds(receives - 1, _FIRST_SECONDS, _LONGEST_SECONDS))


def delays(failed: Iterable[Message], held_back: Iterable[Message]) -> list[tuple[Message, int]]:
    """How long each message waits: all of a group as long, since one in flight locks the group."""
    waiting = [*failed, *held_back]
    seconds = dict.fromkeys((message.group_id for message in waiting), 0)
    for message in failed:
        longer = redelivery_seconds(message.receives)
        seconds[message.group_id] = max(seconds[message.group_id], longer)
    return [(message, seconds[message.group_id]) for message in waiting]
