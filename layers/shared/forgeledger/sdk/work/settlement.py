"""What becomes of a received message, once each of its items has its outcome."""

import threading
from collections.abc import Iterable

from forgeledger.sdk.work.work_queue import Received, WorkQueue


class Settlement:
    """Thread-safe. Deletes the message if none of its items needs it again; else hands it back.

    The first outcome of an item counts: its handler may end while shutdown gives it up.
    """

    def __init__(self, queue: WorkQueue, received: Received, items: Iterable[str]) -> None:
        self._queue = queue
        self._receipt = received.receipt
        self._lock = threading.Lock()
        self._open = set(items)
        self._delay_seconds: int | None = None

    def over(self, item_id: str) -> None:
        self._settle(item_id, None)

    def again(self, item_id: str, delay_seconds: int) -> None:
        """The latest such time counts: a delivery in which an item is not begun is used up."""
        self._settle(item_id, delay_seconds)

    def _settle(self, item_id: str, delay_seconds: int | None) -> None:
        with self._lock:
            if item_id not in self._open:
                return
            self._open.remove(item_id)
            if delay_seconds is not None:
                self._delay_seconds = max(delay_seconds, self._delay_seconds or 0)
            if self._open:
                return
        if self._delay_seconds is None:
            self._queue.done(self._receipt)
        else:
            self._queue.hand_back(self._receipt, self._delay_seconds)
