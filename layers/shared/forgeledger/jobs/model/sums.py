"""What a lane's items went through, summed up: eight numbers in its head."""

from forgeledger.fast_dataclass import fast_frozen


@fast_frozen
class Sums:
    """All but `retrying` only grow, and tell of all epochs. Times are the ledger's own."""

    # Claims that were granted; taking an item over is one, too.
    claims: int = 0
    # Failures that a worker reported, final or not.
    failures: int = 0
    # Claims that ended because their lease was over, by `expire`.
    expired: int = 0
    # Claims that were given back.
    released: int = 0
    # From each claim to the complete, fail, release, expire, cancel or takeover that ended it.
    run_ms: int = 0
    # From when an item could be claimed, by registration, due time, release, retry or resume, to
    # its claim.
    queue_ms: int = 0
    # How often an item became PENDING again: by release, retry, resume, or a failure that is not
    # final.
    again: int = 0
    # Items that failed and are not finished.
    retrying: int = 0
