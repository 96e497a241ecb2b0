"""A part of a run that is cut off when its time is over, whatever it waits for."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class NotDone(BaseException):
    """A part of the run did not come to its end in time. No code on the way may swallow it."""

    def __init__(self, part: str, seconds: float) -> None:
        super().__init__(f"{part} was not done in {seconds:,g} s")
        self.part = part


@contextmanager
def within(seconds: float, part: str) -> Iterator[None]:
    """Raises NotDone in the block when the time is over. For the main thread, and not nested."""

    def end(*_: object) -> None:
        raise NotDone(part, seconds)

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
