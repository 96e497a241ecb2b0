"""Invariants of a job's progress, which only roll-ups write, each by itself."""

from forgeledger.jobs.ports import Progress
from forgeledger.jobs.storage.progress_rows import decode_progress
from tests.simulation.lane_checks import Violation, by_state
from tests.simulation.table import RowChange
from tests.support.row_sizes import row_bytes

_WRITE_UNIT_BYTES = 1_024


def rolled_up(
    pk: str, before: Progress, change: RowChange, offsets: int, total: dict[str, int]
) -> Progress:
    """The progress after a change of its row, where the lanes have these offsets and counts."""
    assert change.new is not None
    progress = decode_progress(change.new)
    if progress.offsets > offsets:
        raise Violation(f"{pk}: rolled up {progress.offsets} of {offsets} events")
    if progress.offsets < before.offsets:
        raise Violation(f"{pk}: the progress went backwards")
    if progress.offsets == offsets != before.offsets and by_state(progress.counts) != total:
        raise Violation(f"{pk}: rolled up {progress.counts}")
    if row_bytes(change.new) > _WRITE_UNIT_BYTES:
        raise Violation(f"{pk}: a roll-up takes more than one write unit")
    return progress
