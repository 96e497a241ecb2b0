"""The SDK's backoff, with jitter from the history's random generator."""

from collections.abc import Callable
from dataclasses import dataclass

from forgeledger.sdk.backoff import Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededBackoff(Backoff):
    draw: Callable[[], float]

    def seconds(self, failed_attempts: int, draw: float | None = None) -> float:
        drawn = self.draw() if draw is None else draw
        return super(SeededBackoff, self).seconds(failed_attempts, drawn)
