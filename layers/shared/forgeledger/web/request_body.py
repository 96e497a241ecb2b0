"""Decode the body of a request."""

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json

from forgeledger.json_text import path_of_lone_surrogate
from forgeledger.rule_messages import path_of
from forgeledger.unknown_fields import shortened_name
from forgeledger.web.error_responses import HttpError, invalid_field
from forgeledger.web.limits import HTTP_BODY_BYTES

JSON = "application/json"
_NO_UNICODE: Final = "must be valid Unicode: no lone surrogates"


def plain_body(event: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """The body as text, after a check of its size and type; None without a body."""
    raw = event.get("body")
    if not raw:
        return None
    try:
        content = b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw.encode()
        if len(content) > HTTP_BODY_BYTES:
            raise HttpError(413, "body_too_large", f"A body has at most {HTTP_BODY_BYTES} bytes.")
        media_type = headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if media_type != JSON:
            detail = f"A body has to be {JSON}, not {media_type}."
            raise HttpError(415, "unsupported_media_type", detail)
        return content.decode()
    except ValueError as error:
        raise invalid_field("body", "json", "must be JSON in UTF-8") from error


def read_json(text: str) -> dict[str, Any]:
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        if (field := _field_without_unicode(text)) is not None:
            raise invalid_field(
                field, "unicode", "must be valid Unicode: no lone surrogates"
            ) from error
        raise invalid_field("body", "json", f"must be JSON: {error}") from error
    if not isinstance(value, dict):
        raise invalid_field("body", "type", "must be an object")
    return value


def _field_without_unicode(text: str) -> str | None:
    """The first field with half of a surrogate pair, which pydantic takes for broken JSON."""
    try:
        path = path_of_lone_surrogate(json.loads(text))
    except (ValueError, RecursionError):
        return None
    return None if path is None else shortened_name(writable(path_of(path)))


def writable(text: str) -> str:
    """The text with a question mark for what has no UTF-8."""
    return text.encode(errors="replace").decode()
