"""Clock, ids, randomness, sleep and threads: what a test replaces."""

import os
import random
import time
import uuid
from collections.abc import Callable
from typing import Final

from forgeledger.backoff import pause_seconds
from forgeledger.fast_dataclass import fast_frozen
from forgeledger.parallel import Parallel, with_threads

# Milliseconds since 1970.
Clock = Callable[[], int]
# Whether there is time for another request to the table.
HasTime = Callable[[], bool]
# How much time an invocation has left.
RemainingMs = Callable[[], int]

# The longest that one request takes with its retries: the table fails to answer twice. With less
# time left, no new request is started.
REQUEST_MS: Final = 15_000
# The longest that one request to a queue takes; a lane without time leaves enough for it.
SEND_MS: Final = 6_000


def no_deadline() -> bool:
    """For callers without a deadline."""
    return True


def before_deadline(remaining_ms: RemainingMs, request_ms: int = REQUEST_MS) -> HasTime:
    """Whether an invocation with so much time left may start another request."""
    return lambda: remaining_ms() > request_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_id() -> str:
    return str(uuid.UUID(bytes=os.urandom(16), version=4))


@fast_frozen
class Runtime:
    clock: Clock = _now_ms
    new_id: Callable[[], str] = new_id
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random
    parallel: Parallel = with_threads

    def pause(self, tries: int) -> None:
        """Sleep after so many failed tries, exponentially longer and with full jitter."""
        self.sleep(pause_seconds(tries, first_seconds=0.01, cap_seconds=0.5, jitter=self.draw()))
