"""Invariants of what changes without a fact: the progress, and the markers of the header."""

from collections.abc import Container, Sequence

from forgeledger.jobs.model.facts import Fact, FactKind, event_id
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.storage.progress_rows import decode_progress
from tests.simulation.expressions import Row
from tests.simulation.lane_checks import ReplayedLane, Violation, by_state
from tests.simulation.table import RowChange
from tests.support.row_sizes import row_bytes

_WRITE_UNIT_BYTES = 1_024


def rolled_up(
    pk: str,
    before: Progress,
    change: RowChange,
    total: dict[str, int],
    lanes: Sequence[ReplayedLane],
) -> Progress:
    """The progress after a change of its row, where the lanes have these counts in total."""
    assert change.new is not None
    offsets = sum(lane.head.offset for lane in lanes)
    retrying = sum(lane.head.sums.retrying for lane in lanes)
    progress = decode_progress(change.new)
    if progress.offsets > offsets:
        raise Violation(f"{pk}: rolled up {progress.offsets} of {offsets} events")
    if progress.offsets < before.offsets:
        raise Violation(f"{pk}: the progress went backwards")
    seen = by_state(progress.counts), progress.retrying
    if progress.offsets == offsets != before.offsets and seen != (total, retrying):
        raise Violation(f"{pk}: rolled up {progress}, not {total} and {retrying} retrying")
    if row_bytes(change.new) > _WRITE_UNIT_BYTES:
        raise Violation(f"{pk}: a roll-up takes more than one write unit")
    return progress


def check_published(
    pk: str, before: int, facts: Sequence[Fact], view: JobView, delivered: Container[str]
) -> None:
    if view.published < before:
        raise Violation(f"{pk}: the published marker went backwards")
    if view.published > view.job.facts:
        raise Violation(f"{pk}: published {view.published} of {view.job.facts} facts")
    for fact in facts[before : view.published]:
        public = fact.kind not in (FactKind.CLOSING, FactKind.ITEMS_RESUMED)
        if public and event_id(view.job.job_id, fact) not in delivered:
            raise Violation(f"{pk}: {fact.kind} is marked as published but was not delivered")


def check_open_mark(pk: str, old: Row | None, new: Row, view: JobView) -> None:
    if old is not None and "open" in old and "open" not in new:
        if not view.job.finished or view.published != view.job.facts:
            raise Violation(f"{pk}: removed from the index of open jobs too early")
    elif "open" not in new and new.get("facts") != (old or {}).get("facts"):
        raise Violation(f"{pk}: has unpublished facts but is not in the index of open jobs")
