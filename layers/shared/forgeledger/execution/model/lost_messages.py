"""When lost work messages are looked for."""

from typing import Final

from forgeledger.execution.model.work import Work
from forgeledger.fast_dataclass import replace

_LEAST_QUIET_MS: Final = 3_600_000
_LEASES_QUIET: Final = 2


def quiet_ms(lease_seconds: int) -> int:
    """So long without a commit, and messages may be lost."""
    return max(_LEAST_QUIET_MS, _LEASES_QUIET * lease_seconds * 1000)


def search_at(work: Work, out: int, last_commit_at: int, lease_seconds: int) -> int | None:
    """When the next search is due; None while nothing is out."""
    if work.search_lane is not None:
        return 0
    if out <= 0:
        return None
    quiet = quiet_ms(lease_seconds)
    if work.searched_at < last_commit_at:
        return last_commit_at + quiet
    return work.searched_at + max(quiet, work.search_wait_ms)


def begun(work: Work, last_commit_at: int, lease_seconds: int, now: int) -> Work:
    """The next one waits twice as long, unless something is committed."""
    quiet = quiet_ms(lease_seconds)
    again = work.searched_at >= last_commit_at and work.search_wait_ms
    wait = 2 * work.search_wait_ms if again else 2 * quiet
    return replace(work, searched_at=now, search_wait_ms=wait, search_lane=0)
