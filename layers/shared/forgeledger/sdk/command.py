"""A command ready to be sent, and the ids by which the ledger knows a repetition."""

import itertools
import secrets
from dataclasses import dataclass
from typing import Literal

CommandType = Literal["claim", "heartbeat", "complete", "fail", "release", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command; `body` is its JSON, `group` the FIFO message group of its lane."""

    type: CommandType
    job_id: str
    item_id: str
    command_id: str
    group: str
    body: bytes


class CommandIds:
    """Ids that are unique across processes: 96 random bits and a counter."""

    def __init__(self) -> None:
        self._prefix = secrets.token_urlsafe(12)
        self._numbers = itertools.count(1)

    def next(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"
