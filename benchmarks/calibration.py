"""A fixed piece of work, timed again and again next to what is measured.

Other processes on the machine slow both alike, so dividing by its time removes their effect.
"""

import contextlib
import json
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any, Final

# What the fixed work takes, about, on an idle machine of the kind that was measured on.
REFERENCE_SECONDS: Final = 0.001
# Between two samples in the background, which then use a thirtieth of a processor.
_INTERVAL_SECONDS: Final = 0.03
_ROWS: Final[list[dict[str, Any]]] = [
    {"PK": {"S": "JOB#1#0"}, "SK": {"S": f"ITEM#invoice-{number:07d}"}, "state": {"S": "PENDING"}}
    for number in range(40)
]


class Calibration:
    def __init__(self) -> None:
        self._seconds = 0.0
        self._samples = 0

    def sample(self) -> None:
        """Do the fixed work once and add its processor time."""
        began = time.thread_time()
        for _ in range(4):
            text = json.dumps(_ROWS)
            rows = json.loads(text)
            zlib.compress(text.encode(), 1)
            sorted(rows, key=lambda row: str(row["SK"]["S"])[::-1])
            sum(len(name) + len(value["S"]) for row in rows for name, value in row.items())
        self._seconds += time.thread_time() - began
        self._samples += 1

    @property
    def mean_seconds(self) -> float:
        return self._seconds / max(1, self._samples)

    def normalized(self, seconds: float) -> float:
        """Seconds on a machine where a sample takes REFERENCE_SECONDS; without samples as given."""
        return seconds / self.mean_seconds * REFERENCE_SECONDS if self._samples else seconds


@contextlib.contextmanager
def background_calibration() -> Iterator[Calibration]:
    """Take samples in a thread for as long as the block runs."""
    calibration, ended = Calibration(), threading.Event()

    def sample() -> None:
        while not ended.wait(_INTERVAL_SECONDS):
            calibration.sample()

    thread = threading.Thread(target=sample, name="calibration")
    thread.start()
    try:
        yield calibration
    finally:
        ended.set()
        thread.join()
