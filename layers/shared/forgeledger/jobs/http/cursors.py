"""The cursor of each list: where its next page starts."""

from typing import Any, Final

from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.job_scan import BEGINNING, ScanPosition
from forgeledger.jobs.model.limits import ITEM_ID_BYTES, LANES_PER_JOB, LANES_SCANNED_AT_ONCE
from forgeledger.jobs.usecases.read_items import ItemPosition
from forgeledger.jobs.usecases.read_journal import JournalPosition
from forgeledger.web.cursors import CursorInvalid, read_cursor, write_cursor

_LARGEST: Final = 2**53


def write_jobs(before: str | None, *filters: str | None) -> str | None:
    return None if before is None else write_cursor(["jobs", *filters], [before])


def read_jobs(text: str | None, *filters: str | None) -> str | None:
    if text is None:
        return None
    match read_cursor(text, ["jobs", *filters]):
        case [str(before)] if lanes_of(before) is not None:
            return before
    raise CursorInvalid


def write_items(position: ItemPosition | None, job_id: str, *filters: str | None) -> str | None:
    if position is None:
        return None
    return write_cursor(["items", job_id, *filters], [position.lane, position.after])


def read_items(text: str | None, job_id: str, *filters: str | None) -> ItemPosition:
    if text is None:
        return ItemPosition()
    match read_cursor(text, ["items", job_id, *filters]):
        case [int(lane), str() | None as after] if 0 <= lane < LANES_PER_JOB:
            if _fits(after or ""):
                return ItemPosition(lane=lane, after=after)
    raise CursorInvalid


def write_history(earlier: int | None, job_id: str, item_id: str) -> str | None:
    return None if earlier is None else write_cursor(["history", job_id, item_id], [earlier])


def read_history(text: str | None, job_id: str, item_id: str) -> int | None:
    if text is None:
        return None
    match read_cursor(text, ["history", job_id, item_id]):
        case [int(earlier)] if _is_offset(earlier):
            return earlier
    raise CursorInvalid


def write_journal(position: JournalPosition, job_id: str) -> str:
    return write_cursor(["journal", job_id], [position.facts, *position.offsets])


def read_journal(text: str | None, job_id: str, field: str = "from") -> JournalPosition:
    if text is None:
        return JournalPosition()
    match read_cursor(text, ["journal", job_id], field):
        case [int(facts), *offsets] if len(offsets) == lanes_of(job_id):
            if all(_is_offset(number) for number in (facts, *offsets)):
                return JournalPosition(facts=facts, offsets=tuple(offsets))
    raise CursorInvalid(field)


def write_why(position: ScanPosition | None, job_id: str) -> str | None:
    if position is None:
        return None
    begun = [part for lane_and_after in position.begun for part in lane_and_after]
    return write_cursor(["why", job_id], [position.lane, *begun])


def read_why(text: str | None, job_id: str) -> ScanPosition:
    if text is None:
        return BEGINNING
    match read_cursor(text, ["why", job_id]):
        case [int(lane), *begun] if 0 <= lane <= (lanes_of(job_id) or 0):
            if all(type(number) is int and 0 <= number < lane for number in begun[::2]):
                after = dict(zip(begun[::2], begun[1::2], strict=False))
                once = len(begun) == 2 * len(after) <= 2 * LANES_SCANNED_AT_ONCE
                if once and all(isinstance(name, str) and _fits(name) for name in after.values()):
                    return ScanPosition(lane=lane, begun=tuple(after.items()))
    raise CursorInvalid


def _fits(item_id: str) -> bool:
    return len(item_id.encode()) <= ITEM_ID_BYTES


def _is_offset(number: Any) -> bool:
    return type(number) is int and 0 <= number < _LARGEST
