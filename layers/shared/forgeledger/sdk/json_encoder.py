"""What the SDK sends, as JSON: all that `json` can write, and any other Mapping as an object."""

import json
from collections.abc import Mapping
from typing import Any, Final

from forgeledger.sdk.errors import InvalidCommandError

_NO_JSON: Final = (TypeError, ValueError, RecursionError)


def _as_object(value: object) -> dict[Any, Any]:
    """Of what `json` does not know; it asks for nothing else, so this costs a dict nothing."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# Built once: json.dumps would build an encoder for each call.
_compact = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_as_object
).encode
ascii_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_as_object).encode


def plain_json(field: str, value: Any) -> bytes:
    """Compact JSON in UTF-8; raises InvalidCommandError for a value that has none."""
    try:
        return _compact(value).encode()
    except _NO_JSON as error:
        raise InvalidCommandError(field, f"is not JSON: {error}") from error


def body_of_request(fields: Mapping[str, Any]) -> bytes:
    """JSON that is ASCII; raises InvalidCommandError with the name of a field that has none."""
    try:
        return ascii_json(fields).encode()
    except _NO_JSON as error:
        for field, value in fields.items():
            plain_json(field, value)
        raise InvalidCommandError("body", f"is not JSON: {error}") from error
