"""Cursors: opaque text that fits only the list it came from.

They carry a checksum, not a signature: it detects a cursor of another list, not a forged one.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

_VERSION: Final = 1
_CHECK_BYTES: Final = 6
# The longest cursors hold four long item ids, whose characters JSON may escape, or an offset for
# each of 64 lanes.
_MOST_CHARACTERS: Final = 8_400


class CursorInvalid(ValueError):
    """Not a cursor, or a cursor of another list."""

    def __init__(self, field: str = "cursor") -> None:
        super().__init__("is not a cursor of this list")
        self.field = field


def is_like_a_cursor(text: str) -> bool:
    """Whether this looks like a cursor; whether it fits a list is checked by `read_cursor`."""
    return _decoded(text).endswith(b"]")


def write_cursor(scope: Sequence[str | None], position: Sequence[str | int | None]) -> str:
    body = _compact(position)
    return urlsafe_b64encode(_check(scope, body) + body).decode().rstrip("=")


def read_cursor(text: str, scope: Sequence[str | None], field: str = "cursor") -> Any:
    raw = _decoded(text)
    check, body = raw[: _CHECK_BYTES + 1], raw[_CHECK_BYTES + 1 :]
    try:
        if check == _check(scope, body):
            position = json.loads(body)
            # Half of a surrogate pair is JSON, and no key of a row.
            _compact(position)
            return position
    except (ValueError, RecursionError) as error:
        raise CursorInvalid(field) from error
    raise CursorInvalid(field)


def _decoded(text: str) -> bytes:
    """The bytes of a cursor; empty if the text cannot be one."""
    if len(text) > _MOST_CHARACTERS:
        return b""
    try:
        return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return b""


def _check(scope: Sequence[str | None], body: bytes) -> bytes:
    """The version, and a checksum of the list and the position."""
    digest = blake2b(_compact(scope) + b"\n" + body, digest_size=_CHECK_BYTES).digest()
    return bytes([_VERSION]) + digest


def _compact(value: Sequence[str | int | None]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
