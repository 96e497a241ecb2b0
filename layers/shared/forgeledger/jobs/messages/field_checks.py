"""Checks of a field beyond its type and bounds, in queue messages and request bodies alike."""

import sys
from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError

from forgeledger.jobs.messages.command_fields import QUEUE_CHARACTERS, QUEUE_RULE, due_time
from forgeledger.json_text import parse_instant, to_text


def bytes_at_most(limit: int, text: str) -> str:
    _check_size(limit, text, "in UTF-8")
    return text


def json_text(limit: int, value: Any) -> str | None:
    """The value as compact JSON; None for null."""
    if value is None:
        return None
    try:
        text = to_text(value, sys.maxsize)
    except ValueError as error:
        raise PydanticCustomError("json", "{why}", {"why": str(error)}) from error
    _check_size(limit, text, "of JSON")
    return text


def milliseconds(text: str) -> int:
    return _time(parse_instant, text)


def due_milliseconds(text: str) -> int:
    return _time(due_time, text)


def _time(parse: Callable[[str], int], text: str) -> int:
    try:
        return parse(text)
    except ValueError as error:
        raise PydanticCustomError("datetime", "{why}", {"why": str(error)}) from error


def queue_text(text: str) -> str:
    if not QUEUE_CHARACTERS.fullmatch(text):
        raise PydanticCustomError("queue_characters", QUEUE_RULE)
    return text


def check_time(text: str) -> str:
    """The text, if it is a time."""
    milliseconds(text)
    return text


def _check_size(limit: int, text: str, unit: str) -> None:
    if len(text) <= limit and text.isascii():
        return
    size = len(text.encode())
    if size > limit:
        raise PydanticCustomError(
            "max_bytes",
            "must be at most {limit} bytes {unit}, not {size}",
            {"limit": limit, "unit": unit, "size": size},
        )
