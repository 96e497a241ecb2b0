"""What a worker is working on, and how its items ended."""

import threading
from collections import Counter
from dataclasses import dataclass

from forgeledger.sdk.report.item_work import Ending, ItemWork
from forgeledger.sdk.work.settlement import Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSummary:
    """How the work on items ended; a redelivered message counts again."""

    completed: int
    failed: int
    released: int
    # Without an end: the body names no item, there was no room in the buffer for the end, or the
    # worker was stopping when the message came.
    handed_back: int = 0
    # Not begun and deleted: the item is finished or canceled, or its job has ended.
    dropped: int = 0
    # By their handlers.
    canceled: int = 0

    def __str__(self) -> str:
        dropped = f", {self.dropped:,} dropped" if self.dropped else ""
        canceled = f", {self.canceled:,} canceled" if self.canceled else ""
        return (
            f"{self.completed:,} completed, {self.failed:,} failed, {self.released:,} released, "
            f"{self.handed_back:,} handed back{dropped}{canceled}"
        )


class WorkTally:
    """Thread-safe. An item counts once, even if its handler ends while shutdown gives it up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[ItemWork, Settlement] = {}
        self._endings: Counter[Ending | None] = Counter()
        self._dropped = 0

    def begin(self, item: ItemWork, settlement: Settlement) -> None:
        with self._lock:
            self._running[item] = settlement

    def end(self, item: ItemWork) -> None:
        with self._lock:
            if self._running.pop(item, None) is not None:
                self._endings[item.ending] += 1

    def hand_back(self) -> None:
        """Counts a message that was never an item at work."""
        with self._lock:
            self._endings[None] += 1

    def drop(self) -> None:
        with self._lock:
            self._dropped += 1

    def running(self) -> dict[ItemWork, Settlement]:
        with self._lock:
            return dict(self._running)

    def summary(self) -> WorkerSummary:
        with self._lock:
            return WorkerSummary(
                completed=self._endings["complete"],
                failed=self._endings["fail"],
                released=self._endings["release"],
                handed_back=self._endings[None],
                dropped=self._dropped,
                canceled=self._endings["cancel"],
            )
