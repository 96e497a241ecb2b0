"""The pause before a retry: exponential, with full jitter, and bounded."""

import random
from dataclasses import dataclass
from typing import Final

from forgeledger.backoff import pause_seconds
from forgeledger.sdk.setting_checks import check_seconds, check_whole

_MOST_ATTEMPTS: Final = 1_000_000
_MOST_SECONDS: Final = 24 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How often to try, and the pauses in between.

    The pause before try n + 1 is drawn at random below first_seconds * 2 ** (n - 1).

    attempts: tries in all, the first one included. Default 8.
    first_seconds: the upper bound of the first pause. Default 0.1.
    most_seconds: the upper bound of every pause. Default 10.0.
    """

    attempts: int = 8
    first_seconds: float = 0.1
    most_seconds: float = 10.0

    def __post_init__(self) -> None:
        check_whole("attempts", self.attempts, 1, _MOST_ATTEMPTS)
        check_seconds("first_seconds", self.first_seconds, _MOST_SECONDS)
        check_seconds("most_seconds", self.most_seconds, _MOST_SECONDS)

    def seconds(self, failed_attempts: int, draw: float | None = None) -> float:
        """The pause after so many failed tries; `draw` is a number from 0 to 1, random if None."""
        share = random.random() if draw is None else draw
        tries = max(failed_attempts, 1) - 1
        seconds = pause_seconds(tries, self.first_seconds, self.most_seconds, share)
        # At least half of the first pause, so that a run of low draws makes no hot loop.
        return max(seconds, min(self.first_seconds, self.most_seconds) / 2)
