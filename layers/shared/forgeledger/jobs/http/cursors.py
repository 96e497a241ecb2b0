"""Cursors: where a list goes on, as opaque text that only fits the list it came from."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.limits import ITEM_ID_BYTES, LANES_PER_JOB
from forgeledger.jobs.usecases.read_items import ItemPosition
from forgeledger.jobs.usecases.read_journal import JournalPosition

_VERSION: Final = 1
_CHECK_BYTES: Final = 6
# The longest names an item in a lane; the widest an offset in each of the lanes.
_MOST_CHARACTERS: Final = 4_096
_LARGEST: Final = 2**53


class CursorInvalid(ValueError):
    """Not a cursor, or one that belongs to another list."""

    def __init__(self, field: str = "cursor") -> None:
        super().__init__(f"{field} is not a cursor of this list")
        self.field = field


def is_like_a_cursor(text: str) -> bool:
    """Whether this may be a cursor at all; of which list, only that list can say."""
    return _decoded(text).endswith(b"]")


def jobs_cursor(before: str | None, status: str | None, tag: str | None) -> str | None:
    return None if before is None else _write(["jobs", status, tag], [before])


def read_jobs_cursor(text: str | None, status: str | None, tag: str | None) -> str | None:
    if text is None:
        return None
    match _read(text, ["jobs", status, tag]):
        case [str(before)] if lanes_of(before) is not None:
            return before
    raise CursorInvalid


def items_cursor(position: ItemPosition | None, job_id: str, state: str | None) -> str | None:
    if position is None:
        return None
    return _write(["items", job_id, state], [position.lane, position.after])


def read_items_cursor(text: str | None, job_id: str, state: str | None) -> ItemPosition:
    if text is None:
        return ItemPosition()
    match _read(text, ["items", job_id, state]):
        case [int(lane), str() | None as after] if 0 <= lane < LANES_PER_JOB:
            if len((after or "").encode()) <= ITEM_ID_BYTES:
                return ItemPosition(lane=lane, after=after)
    raise CursorInvalid


def history_cursor(earlier: int | None, job_id: str, item_id: str) -> str | None:
    return None if earlier is None else _write(["history", job_id, item_id], [earlier])


def read_history_cursor(text: str | None, job_id: str, item_id: str) -> int | None:
    if text is None:
        return None
    match _read(text, ["history", job_id, item_id]):
        case [int(earlier)] if _is_offset(earlier):
            return earlier
    raise CursorInvalid


def journal_cursor(position: JournalPosition, job_id: str) -> str:
    return _write(["journal", job_id], [position.facts, *position.offsets])


def read_journal_cursor(text: str | None, job_id: str) -> JournalPosition:
    if text is None:
        return JournalPosition()
    match _read(text, ["journal", job_id], field="from"):
        case [int(facts), *offsets] if len(offsets) == lanes_of(job_id):
            if all(_is_offset(number) for number in (facts, *offsets)):
                return JournalPosition(facts=facts, offsets=tuple(offsets))
    raise CursorInvalid("from")


def _is_offset(number: Any) -> bool:
    return type(number) is int and 0 <= number < _LARGEST


def _write(scope: Sequence[str | None], position: Sequence[str | int | None]) -> str:
    body = _compact(position)
    return urlsafe_b64encode(_check(scope, body) + body).decode().rstrip("=")


def _read(text: str, scope: Sequence[str | None], field: str = "cursor") -> Any:
    raw = _decoded(text)
    check, body = raw[: _CHECK_BYTES + 1], raw[_CHECK_BYTES + 1 :]
    try:
        if check == _check(scope, body):
            return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CursorInvalid(field) from error
    raise CursorInvalid(field)


def _decoded(text: str) -> bytes:
    """The bytes of a cursor; none of what is no cursor."""
    if len(text) > _MOST_CHARACTERS:
        return b""
    try:
        return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return b""


def _check(scope: Sequence[str | None], body: bytes) -> bytes:
    """The version, and a sum over the list and the place: it finds mix-ups, it keeps no secret."""
    digest = blake2b(_compact(scope) + b"\n" + body, digest_size=_CHECK_BYTES).digest()
    return bytes([_VERSION]) + digest


def _compact(value: Sequence[str | int | None]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
