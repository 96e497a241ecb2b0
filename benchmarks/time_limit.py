"""Interrupt a part of a run when its time is over, whatever it waits for."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class TimeLimitExceeded(BaseException):
    """A part of the run took too long. No `except Exception` on the way may swallow it."""

    def __init__(self, part: str, seconds: float) -> None:
        super().__init__(f"{part} was not done in {seconds:,g} s")
        self.part = part


@contextmanager
def time_limit(seconds: float, part: str) -> Iterator[None]:
    """Raise TimeLimitExceeded in the block when the time is over. Main thread only, not nested."""

    def interrupt(*_: object) -> None:
        raise TimeLimitExceeded(part, seconds)

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
