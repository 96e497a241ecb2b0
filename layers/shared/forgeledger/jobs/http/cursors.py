"""The cursor of each list: where its next page starts."""

from typing import Any, Final

from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.limits import ITEM_ID_BYTES, LANES_PER_JOB
from forgeledger.jobs.usecases.read_items import ItemPosition
from forgeledger.jobs.usecases.read_journal import JournalPosition
from forgeledger.web.cursors import CursorInvalid, read_cursor, write_cursor

_LARGEST: Final = 2**53


def write_jobs(before: str | None, status: str | None, tag: str | None) -> str | None:
    return None if before is None else write_cursor(["jobs", status, tag], [before])


def read_jobs(text: str | None, status: str | None, tag: str | None) -> str | None:
    if text is None:
        return None
    match read_cursor(text, ["jobs", status, tag]):
        case [str(before)] if lanes_of(before) is not None:
            return before
    raise CursorInvalid


def write_items(position: ItemPosition | None, job_id: str, state: str | None) -> str | None:
    if position is None:
        return None
    return write_cursor(["items", job_id, state], [position.lane, position.after])


def read_items(text: str | None, job_id: str, state: str | None) -> ItemPosition:
    if text is None:
        return ItemPosition()
    match read_cursor(text, ["items", job_id, state]):
        case [int(lane), str() | None as after] if 0 <= lane < LANES_PER_JOB:
            if len((after or "").encode()) <= ITEM_ID_BYTES:
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


def _is_offset(number: Any) -> bool:
    return type(number) is int and 0 <= number < _LARGEST
