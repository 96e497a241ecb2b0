"""A fixed piece of work, measured again and again beside what is measured.

Others on a machine slow both: processor time counted in yards says less about the moment.
"""

import contextlib
import json
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any, Final

# About how long one piece of work takes on a quiet machine of the kind that was measured on.
YARD_SECONDS: Final = 0.001
_ROWS: Final[list[dict[str, Any]]] = [
    {"PK": {"S": "JOB#1#0"}, "SK": {"S": f"ITEM#invoice-{each:07d}"}, "state": {"S": "PENDING"}}
    for each in range(40)
]


# How often it is laid beside what other processes do: a thirtieth of a processor.
_EVERY_SECONDS: Final = 0.03


class Yardstick:
    def __init__(self) -> None:
        self._seconds = 0.0
        self._times = 0

    def lay(self) -> None:
        began = time.thread_time()
        for _ in range(4):
            text = json.dumps(_ROWS)
            rows = json.loads(text)
            zlib.compress(text.encode(), 1)
            sorted(rows, key=lambda row: str(row["SK"]["S"])[::-1])
            sum(len(name) + len(value["S"]) for row in rows for name, value in row.items())
        self._seconds += time.thread_time() - began
        self._times += 1

    @property
    def mean_seconds(self) -> float:
        return self._seconds / max(1, self._times)

    def corrected(self, seconds: float) -> float:
        """As on a machine where the work takes its one millisecond."""
        return seconds / self.mean_seconds * YARD_SECONDS if self._times else seconds


@contextlib.contextmanager
def laid_beside() -> Iterator[Yardstick]:
    """Laid again and again in a thread, for as long as the block lasts."""
    yardstick, ended = Yardstick(), threading.Event()

    def lay() -> None:
        while not ended.wait(_EVERY_SECONDS):
            yardstick.lay()

    thread = threading.Thread(target=lay, name="yardstick")
    thread.start()
    try:
        yield yardstick
    finally:
        ended.set()
        thread.join()
