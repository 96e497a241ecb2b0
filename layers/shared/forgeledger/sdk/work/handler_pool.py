"""The threads in which handlers run."""

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
        # Who waits for threads, and when each was last granted some.
        self._waiting: set[int] = set()
        self._granted_at: dict[int, int] = {}
        for number in range(concurrency):
            threading.Thread(
                target=self._run, name=f"forgeledger-handler-{number}", daemon=True
            ).start()

    def reserve(self, most: int, timeout_seconds: float, owner: int = 0) -> int:
        """Waits for free threads and reserves some, for messages that are about to be received.

        Of several owners that wait, the one that was granted threads longest ago is the next.
        """
        with self._changed:
            self._waiting.add(owner)
            granted = 0
            if self._changed.wait_for(lambda: self._may_reserve(owner), timeout_seconds):
                granted = min(self._free, most)
                self._reserved += granted
                self._granted_at[owner] = max(self._granted_at.values(), default=0) + 1
            self._waiting.discard(owner)
            self._changed.notify_all()
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

    def _may_reserve(self, owner: int) -> bool:
        mine = self._granted_at.get(owner, 0)
        return self._free > 0 and all(
            mine <= self._granted_at.get(other, 0) for other in self._waiting
        )

    @property
    def _free(self) -> int:
        """Below 0 while tasks wait that others have brought along."""
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
