"""A request to stop, from any thread or by a signal."""

import contextlib
import queue
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

# A signal in another thread, or just before a wait, does not interrupt the wait. Python runs its
# handler afterwards, so each wait is short.
_LOOK_SECONDS: Final = 0.5


class StopRequest:
    def __init__(self) -> None:
        self._asked = threading.Event()
        # For signal handlers: they may interrupt a thread that holds the event's lock.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ask(self) -> None:
        self._asked.set()
        self._bell.put(None)

    def is_asked(self) -> bool:
        return self._asked.is_set()

    def pause(self, seconds: float) -> None:
        """Waits that long, or until a stop is requested."""
        self._asked.wait(seconds)

    def wait(self) -> None:
        """Until a stop is requested; call it in the main thread, which runs the signal handlers."""
        while not self._asked.is_set():
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=_LOOK_SECONDS)
                self._asked.set()

    @contextlib.contextmanager
    def by_signals(self) -> Iterator[None]:
        """The first SIGTERM or Ctrl-C requests a stop; the second has the effect it had before."""
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
