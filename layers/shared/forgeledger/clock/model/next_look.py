"""When a row is to be looked at next, and whether the tick is soon enough for that."""

from collections.abc import Iterable
from typing import Final

# How far ahead a tick looks: until the next one, and a little more.
LOOK_AHEAD_MS: Final = 75_000
# The tick may just have passed, and one may be lost: what is nearer gets its wake at once.
_NEAR_MS: Final = 150_000
# A wake may come too early by another machine's clock.
_EARLY_MS: Final = 2_000
# The longest that SQS holds a message back.
_LONGEST_DELAY_SECONDS: Final = 900


def next_look(times: Iterable[int | None], stored: int | None, now: int) -> int | None:
    """The earliest of these times; one that is stored and still to come is never moved later.

    Who decides may have read before somebody else, who stored it, changed the row.
    """
    wanted = [at for at in times if at is not None]
    if stored is not None and stored > now:
        wanted.append(stored)
    return min(wanted, default=None)


def needs_wake(at: int | None, stored: int | None, now: int) -> bool:
    """Whether a wake has to be sent now: the tick is too late, or this wake came too early."""
    if at is None:
        return False
    return at - now < _NEAR_MS if at != stored else 0 < at - now <= _EARLY_MS


def delay_seconds(at: int, now: int) -> int:
    """How long SQS has to hold back a wake for this time."""
    return min(max(0, -(-(at - now) // 1_000)), _LONGEST_DELAY_SECONDS)
