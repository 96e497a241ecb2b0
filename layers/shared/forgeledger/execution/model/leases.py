"""When a lane's leases are looked at: soon where it is quiet, now and then where it is busy."""

from typing import Final

from forgeledger.execution.model.work import LaneWork
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.lanes import Head

# A lane is considered at most so often, and counts as quiet without a commit since the last time.
CONSIDERED_MS: Final = 60_000
# In a busy lane a dead worker's message comes back by itself; the sweep is the backup.
BUSY_MS: Final = 900_000


def considered(head: Head, at: LaneWork, now: int) -> bool:
    return head.counts.in_progress > 0 and 0 < at.sweep_at <= now


def needs_sweep(head: Head, at: LaneWork, now: int) -> bool:
    """Whether a considered lane is to be read: it is quiet, at its tail, or was not for long."""
    quiet = head.offset == at.seen
    return quiet or head.counts.pending == 0 or now - at.swept_at >= BUSY_MS


def deferred(head: Head, at: LaneWork, now: int) -> LaneWork:
    """The lane is busy: it is considered again in a minute."""
    swept_at = at.swept_at or now
    return replace(at, sweep_at=now + CONSIDERED_MS, swept_at=swept_at, seen=head.offset)


def swept(head: Head, at: LaneWork, now: int, earliest: int | None, lease_ms: int) -> LaneWork:
    """Considered again when the earliest lease that was left is over, or a later claim's may be."""
    next_at = now + lease_ms if earliest is None else min(earliest, now + lease_ms)
    next_at = max(next_at, now + CONSIDERED_MS)
    return replace(at, sweep_at=next_at, swept_at=now, seen=head.offset)
