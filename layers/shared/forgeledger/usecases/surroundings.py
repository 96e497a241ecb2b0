"""What every use case is given beside the store: time, chance, ids and hands."""

import os
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from forgeledger.ports import Clock
from forgeledger.usecases.parallel import Parallel, with_threads

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.5


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _new_id() -> str:
    return str(uuid.UUID(bytes=os.urandom(16), version=4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    clock: Clock = _now_ms
    new_id: Callable[[], str] = _new_id
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    parallel: Parallel = with_threads

    def pause(self, tries: int) -> None:
        """Wait after so many tries, exponentially longer and with full jitter."""
        bound_seconds = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0**tries)
        self.sleep(bound_seconds * self.chance())
