"""What the clock needs from outside: the index of what is due, and a queue for wakes."""

from collections.abc import Sequence
from typing import Protocol

from forgeledger.clock.model.due import Due


class DueIndex(Protocol):
    def find_due(self, shard: int, until: int, limit: int) -> Sequence[Due]:
        """Up to `limit` rows of a shard that are due by then, the earliest first."""


class WakeSender(Protocol):
    def send(self, wakes: Sequence[Due]) -> None:
        """Have each row looked at when its time comes, or raise; repeating it is harmless."""
