"""The body of a redriven message: its text as it came, with the ids that its commands had.

A command without an id is known by its message's id and its index there. Both change when it is
sent anew; what was applied before would be applied a second time.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

from forgeledger.jobs.messages.command_fields import COMMAND_ID

# Numbers stay texts: they are not looked at, and some are too long for Python.
_decode: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str).raw_decode
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_CLOSING: Final = {"{": "}", "[": "]"}
# Where a text begins and ends in its body.
Span = tuple[int, int]


def command_spans(body: str) -> list[Span]:
    """Where the commands stand in the body; none if the intake could not read it either."""
    try:
        start, end = _after_space(body, 0), len(body.rstrip(" \t\n\r"))
        members = dict(_members(body, start))
        if body[start] != "{":
            return []
        if "commands" not in members:
            return [(start, end)]
        first, _ = members["commands"]
        return [span for _, span in _members(body, first)] if body[first] == "[" else []
    except (ValueError, LookupError, RecursionError):
        return []


def selected(body: str, indexes: Sequence[int]) -> str:
    """The body with these commands alone, each as it came."""
    spans = command_spans(body)
    if not indexes or not spans:
        return body
    return _joined([body[slice(*spans[index])] for index in indexes if index < len(spans)])


def with_ids(body: str, source_id: str, indexes: Sequence[int] = ()) -> str:
    """The body, or with indexes these commands of it, with an id in each command without one.

    The id is the one by which the intake knew the command.
    """
    spans = command_spans(body)
    numbers = [index for index in indexes if index < len(spans)] or range(len(spans))
    texts = [_with_id(body[slice(*spans[number])], f"{source_id}:{number}") for number in numbers]
    if indexes and texts:
        return _joined(texts)
    for (start, end), text in zip(reversed(spans), reversed(texts), strict=True):
        body = body[:start] + text + body[end:]
    return body


def _with_id(command: str, command_id: str) -> str:
    if not command.startswith("{") or len(command_id) > COMMAND_ID.most:
        return command
    fields = {key: command[slice(*span)] for key, span in _members(command, 0)}
    # The intake reads the first spelling that there is.
    given = next((fields[name] for name in COMMAND_ID.spellings if name in fields), "null")
    if given != "null":
        return command
    # At the end: of two fields with one name the last counts.
    comma = "," if fields else ""
    return f"{command[:-1]}{comma}{json.dumps(COMMAND_ID.name)}:{json.dumps(command_id)}}}"


def _joined(commands: Sequence[str]) -> str:
    return f'{{"commands":[{",".join(commands)}]}}'


def _members(text: str, start: int) -> Iterator[tuple[str, Span]]:
    """Each member of the object or list that begins there: its name or number, and its span."""
    closing = _CLOSING[text[start]]
    index = _after_space(text, start + 1)
    for number in count():
        if text[index] == closing:
            return
        name = str(number)
        if closing == "}":
            name, index = _decode(text, index)
            # After the colon.
            index = _after_space(text, _after_space(text, index) + 1)
        _, end = _decode(text, index)
        yield name, (index, end)
        index = _after_space(text, end)
        if text[index] == ",":
            index = _after_space(text, index + 1)


def _after_space(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index
