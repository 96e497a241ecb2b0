"""The rate of a job over the last seconds, as the command line observes it."""

from collections import deque
from typing import Final

_WINDOW_SECONDS: Final = 15.0


class Rate:
    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now: float, finished: int) -> None:
        self._samples.append((now, finished))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _WINDOW_SECONDS:
            self._samples.popleft()

    @property
    def per_second(self) -> float | None:
        """None until the count has risen."""
        if len(self._samples) < 2:
            return None
        (since, before), (now, finished) = self._samples[0], self._samples[-1]
        if now <= since or finished <= before:
            return None
        return (finished - before) / (now - since)
