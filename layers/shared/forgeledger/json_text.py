"""Payloads, results and metadata: any JSON value, kept as text so that nothing in it changes."""

import json
from typing import Any

# Built once: json.dumps would build an encoder for each call.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


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


def from_text(text: str) -> Any:
    # As nearly all metadata is.
    return {} if text == "{}" else json.loads(text)
