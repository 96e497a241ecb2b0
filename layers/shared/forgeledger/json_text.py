"""JSON values as text, and times as the contract writes them.

Payloads, results and metadata are stored as text, so that nothing in them changes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

# Built once: json.dumps would build an encoder for each call.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_EPOCH = datetime.fromtimestamp(0, UTC)
_NO_TIME: Final = "must be a time with its zone as in 2026-11-21T10:00:00Z"
# Between year, month, day, hour, minute and second.
_SEPARATORS: Final = ("--T::", "--t::", "-- ::")
# Python joins whole pairs: what is left of them is a half.
_SURROGATE = re.compile("[\ud800-\udfff]")


def to_text(value: Any, limit_bytes: int) -> str:
    """The value as compact JSON; ValueError says which rule it breaks."""
    try:
        text = _encode(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            "must be a JSON value: no NaN, no infinity, not nested too deep"
        ) from error
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValueError("must be valid Unicode: no lone surrogates") from error
    if size > limit_bytes:
        raise ValueError(f"must be at most {limit_bytes} bytes of JSON, not {size}")
    return text


def path_of_lone_surrogate(value: Any) -> tuple[str | int, ...] | None:
    """Where in a JSON value the first half of a surrogate pair stands alone; None if nowhere."""
    path: list[str | int] = [""]
    open_parts: list[Iterator[tuple[str | int, Any]]] = [iter([("", value)])]
    while open_parts:
        for name, part in open_parts[-1]:
            path[-1] = name
            if not (_is_unicode(name) and _is_unicode(part)):
                return tuple(path[1:])
            if isinstance(part, (Mapping, list, tuple)):
                entries = part.items() if isinstance(part, Mapping) else enumerate(part)
                open_parts.append(iter(entries))
                path.append("")
                break
        else:
            open_parts.pop()
            path.pop()
    return None


def _is_unicode(part: Any) -> bool:
    return not isinstance(part, str) or part.isascii() or not _SURROGATE.search(part)


def json_bytes(text: str) -> int:
    """The bytes of a text as JSON writes it, without its quotes."""
    return len(_encode(text).encode()) - 2


def from_text(text: str) -> Any:
    # As nearly all metadata is.
    return {} if text == "{}" else json.loads(text)


def iso(at_ms: int) -> str:
    """UTC with milliseconds."""
    return iso_of(datetime.fromtimestamp(at_ms / 1000, UTC))


def iso_of(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> int:
    """Milliseconds since 1970 of a time as RFC 3339 writes it: to the second, with its zone."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_NO_TIME) from error
    # ISO 8601 has other forms. A regular expression would cost each command twice as much.
    if (
        instant.tzinfo is None
        or text[4:17:3] not in _SEPARATORS
        or not (text[-1] == "Z" or text[-3] == ":")
        or "," in text
    ):
        raise ValueError(_NO_TIME)
    since = instant - _EPOCH
    # Exact, and twice as fast as dividing by a timedelta.
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
