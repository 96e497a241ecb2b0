"""A request to stop, from any thread or from a signal, that nobody can miss."""

import contextlib
import queue
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

# A signal that another thread gets, or this one just before it waits, ends no wait. Python runs
# its handler when the wait is over, so the waits have an end.
_LOOK_SECONDS: Final = 0.5


class StopRequest:
    def __init__(self) -> None:
        self._asked = threading.Event()
        # What signals use: a handler may come while its own thread holds the lock of the event.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ask(self) -> None:
        self._asked.set()
        self._bell.put(None)

    def is_asked(self) -> bool:
        return self._asked.is_set()

    def pause(self, seconds: float) -> None:
        """Wait so long, or until it is asked for."""
        self._asked.wait(seconds)

    def wait(self) -> None:
        """Until it is asked for; for the thread that the signals come to, where they do."""
        while not self._asked.is_set():
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=_LOOK_SECONDS)
                self._asked.set()

    @contextlib.contextmanager
    def by_signals(self) -> Iterator[None]:
        """The first SIGTERM or Ctrl-C asks for it, the second one is as if nobody listened."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            restore()
            self._bell.put(None)

        for number in before:
            signal.signal(number, on_signal)
        try:
            yield
        finally:
            restore()
