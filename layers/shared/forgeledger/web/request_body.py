"""Decode the body of a request."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from forgeledger.web.error_responses import HttpError, invalid_field
from forgeledger.web.limits import HTTP_BODY_BYTES

JSON = "application/json"


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
        raise invalid_field("body", "json", f"must be JSON: {error}") from error
    if not isinstance(value, dict):
        raise invalid_field("body", "type", "must be an object")
    return value
