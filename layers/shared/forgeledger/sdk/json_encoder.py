"""The JSON that the SDK sends; sizes are measured as the ledger measures them."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.json_text import path_of_lone_surrogate
from forgeledger.rule_messages import path_of
from forgeledger.sdk.errors import InvalidCommandError

# Some parsers refuse deeper JSON, and with it the whole message.
MOST_NESTING: Final = 100

_ENCODING_ERRORS: Final = (TypeError, ValueError, RecursionError)
# SQS refuses U+FFFE and U+FFFF in a body, so text that holds one, here in UTF-8, is escaped.
_REFUSED_BY_SQS: Final = re.compile(rb"\xef\xbf[\xbe\xbf]")


def _as_object(value: object) -> dict[Any, Any]:
    """Any Mapping is an object. `json` calls this for unknown types alone: a dict pays nothing."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


# Built once: json.dumps would build an encoder for each call.
_compact = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_as_object
).encode
ascii_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_as_object).encode


def body_of_command(fields: Mapping[str, Any]) -> bytes:
    """Compact JSON that SQS and a strict parser accept; errors name the field."""
    encoded = _object_json("command", fields, _compact)
    if _REFUSED_BY_SQS.search(encoded):
        encoded = ascii_json(fields).encode()
    _check_size("command", encoded, MESSAGE_BYTES)
    return encoded


def check_json(field: str, value: Any, *, most_bytes: int, most_levels: int = MOST_NESTING) -> None:
    """Raises InvalidCommandError for a value that is not JSON, too large or too deep."""
    encoded = _plain_json(field, value)
    _check_size(field, encoded, most_bytes)
    if encoded.count(b"[") + encoded.count(b"{") > most_levels < _depth(value):
        raise InvalidCommandError(field, f"must not be nested deeper than {most_levels} levels")


def body_of_request(fields: Mapping[str, Any]) -> bytes:
    """ASCII JSON; raises InvalidCommandError with the name of a field that is not JSON."""
    return _object_json("body", fields, ascii_json)


def _object_json(name: str, fields: Mapping[str, Any], write: Callable[[Any], str]) -> bytes:
    try:
        return write(fields).encode()
    except _ENCODING_ERRORS as error:
        for field, value in fields.items():
            _plain_json(field, value)
        raise InvalidCommandError(name, f"is not JSON: {error}") from error


def _plain_json(field: str, value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    try:
        return _compact(value).encode()
    except UnicodeEncodeError as error:
        path = path_of((field, *(path_of_lone_surrogate(value) or ())))
        raise InvalidCommandError(path, "must be valid Unicode: no lone surrogates") from error
    except _ENCODING_ERRORS as error:
        raise InvalidCommandError(field, f"is not JSON: {error}") from error


def _check_size(field: str, encoded: bytes, most_bytes: int) -> None:
    if len(encoded) > most_bytes:
        rule = f"must be at most {most_bytes} bytes of JSON, not {len(encoded)}"
        raise InvalidCommandError(field, rule)


def _depth(value: Any) -> int:
    """How deep containers are nested, without recursion."""
    deepest, level = 0, [value]
    while containers := [entry for entry in level if isinstance(entry, (Mapping, list, tuple))]:
        deepest += 1
        level = [
            entry
            for container in containers
            for entry in (container.values() if isinstance(container, Mapping) else container)
        ]
    return deepest
