"""Pack commands into messages and messages into requests, within SQS's limits.

A message holds commands of one lane, in order. A request holds at most one message of a lane. SQS
may refuse any single entry of a request: if it refused one message and accepted a later one of the
same lane, their order would be lost.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from forgeledger.jobs.model.limits import COMMANDS_PER_ITEM, COMMANDS_PER_MESSAGE, MESSAGE_BYTES
from forgeledger.sdk.command import Command

ENTRIES_PER_REQUEST: Final = 10

_OPENING: Final = b'{"commands":['
_CLOSING: Final = b"]}"
_FRAME_BYTES: Final = len(_OPENING) + len(_CLOSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Resent unchanged, so that SQS recognises a repetition by its deduplication id."""

    group: str
    commands: tuple[Command, ...]
    body: bytes

    @property
    def deduplication_id(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def fitting(commands: Iterable[Command], most_bytes: int) -> tuple[int, int]:
    """How many of the first commands fit in one message, and that message's bytes."""
    count, size = 0, _FRAME_BYTES
    of_item: Counter[tuple[str, str]] = Counter()
    for command in commands:
        grown = size + len(command.body) + (1 if count else 0)
        item = (command.job_id, command.item_id)
        of_item[item] += command.type != "heartbeat"
        if count and (
            count >= COMMANDS_PER_MESSAGE or grown > most_bytes or of_item[item] > COMMANDS_PER_ITEM
        ):
            break
        count, size = count + 1, grown
    return count, size


def message_of(commands: tuple[Command, ...]) -> Message:
    """One message of commands that fit and belong to one lane."""
    return Message(
        group=commands[0].group,
        commands=commands,
        body=_OPENING + b",".join(command.body for command in commands) + _CLOSING,
    )


def next_request(
    lanes: Iterable[Message | Iterable[Command]], most_bytes: int = MESSAGE_BYTES
) -> list[Message]:
    """The messages of one SendMessageBatch, at most one of each lane, first come first served.

    Each entry of `lanes` is another lane: the message that it must resend, or its waiting commands.
    A request has at most the bytes of one message. The first lane always fits, so no lane starves.
    """
    request: list[Message] = []
    bytes_left = most_bytes
    for lane in lanes:
        if len(request) == ENTRIES_PER_REQUEST:
            break
        if isinstance(lane, Message):
            if len(lane.body) <= bytes_left:
                request.append(lane)
                bytes_left -= len(lane.body)
            continue
        waiting = tuple(itertools.islice(lane, COMMANDS_PER_MESSAGE))
        count, size = fitting(waiting, most_bytes)
        if count and size <= bytes_left:
            request.append(message_of(waiting[:count]))
            bytes_left -= size
    return request
