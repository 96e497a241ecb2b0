"""Invariants of a head's sums: those of its journal, within its counts, never smaller."""

from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.sums import Sums


def wrong_sums(before: Head, after: Head, journal: Sums) -> str | None:
    """How the sums after an event differ from what they must be; None if they do not."""
    sums, counts = after.sums, after.counts
    if sums != journal:
        return f"the head has {sums}, the journal {journal}"
    if not 0 <= sums.retrying <= counts.pending + counts.in_progress:
        return f"{sums.retrying} items are retrying, of {counts}"
    # What a dispatcher counts as no longer handed out.
    if _resolved(after) < _resolved(before):
        return f"resolved {_resolved(after)} items after {_resolved(before)}"
    return None


def _resolved(head: Head) -> int:
    counts = head.counts
    return counts.completed + counts.failed + counts.canceled + head.sums.again
