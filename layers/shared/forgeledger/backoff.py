"""Exponential pauses with jitter."""


def pause_seconds(
    tries: int, first_seconds: float, longest_seconds: float, draw: float = 1.0
) -> float:
    """The pause after so many failed tries: `draw`, from 0 to 1, as a share of its bound."""
    # From 2**62 on the longest holds anyway, and a float would overflow at 2**1024.
    return min(longest_seconds, first_seconds * 2.0 ** min(tries, 62)) * draw


def backoff_ms(attempt: int, base_seconds: float, cap_seconds: float, draw: float) -> int:
    """How long a failed item waits before its next attempt."""
    return int(max(0.0, pause_seconds(attempt - 1, base_seconds, cap_seconds)) * 1000 * draw)
