"""How long a failed item waits before its next attempt."""


def backoff_ms(attempt: int, base_seconds: float, cap_seconds: float, chance: float) -> int:
    """Exponential with full jitter: anywhere between nothing and the bound for this attempt."""
    if base_seconds <= 0:
        return 0
    # Beyond 2**62 the cap holds in any case, and a float would overflow at 2**1024.
    bound_seconds = min(cap_seconds, base_seconds * 2.0 ** min(attempt - 1, 62))
    return int(bound_seconds * 1000 * chance)
