"""Exponential pauses with jitter."""


def pause_seconds(tries: int, first_seconds: float, cap_seconds: float, jitter: float = 1) -> float:
    """The pause after so many failed tries: doubled by each up to the cap, times a random share."""
    # From 2**62 on the cap holds anyway, and a float would overflow at 2**1024.
    return min(cap_seconds, first_seconds * 2.0 ** min(tries, 62)) * jitter
