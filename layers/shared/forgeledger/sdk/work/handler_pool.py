"""The threads in which handlers run, without a backlog."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_log = logging.getLogger("forgeledger.sdk")

Task = TypeVar("Task")


class HandlerPool(Generic[Task]):
    """Daemon threads: a handler that never ends cannot keep a stopped process alive."""

    def __init__(self, concurrency: int, work: Callable[[Task], None]) -> None:
        self._concurrency = concurrency
        self._work = work
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._reserved = 0
        self._running = 0
        for number in range(concurrency):
            threading.Thread(
                target=self._run, name=f"forgeledger-handler-{number}", daemon=True
            ).start()

    def reserve(self, most: int, timeout_seconds: float) -> int:
        """Waits for free threads and reserves some, for messages that are about to be received."""
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0, timeout_seconds)
            granted = min(self._free, most)
            self._reserved += granted
            return granted

    def give_back(self, reserved: int) -> None:
        """Ends the reservation; call it after start() for each received message."""
        with self._changed:
            self._reserved -= reserved
            self._changed.notify_all()

    def start(self, task: Task) -> None:
        with self._changed:
            self._running += 1
        self._tasks.put(task)

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Whether all tasks ended in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, max(0.0, timeout_seconds))

    def close(self) -> None:
        """The threads end after their current tasks."""
        for _ in range(self._concurrency):
            self._tasks.put(None)

    @property
    def _free(self) -> int:
        return self._concurrency - self._running - self._reserved

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                self._work(task)
            except BaseException:  # noqa: BLE001 - not even sys.exit() may end a thread of the pool.
                _log.exception("a message was given up; it will be redelivered")
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()
