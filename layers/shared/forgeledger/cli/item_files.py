"""Items from files: an id a line, JSON lines, or the files' own names; never all in memory."""

import glob as globbing
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from forgeledger.cli.problems import WrongValue
from forgeledger.cli.values import json_object
from forgeledger.domain.limits import ITEM_ID_CHARACTERS

ItemSpec = str | Mapping[str, Any]
STDIN = Path("-")


class Form(StrEnum):
    AUTO = "auto"
    LINES = "lines"
    JSONL = "jsonl"


def read_lines(source: Path) -> Iterator[tuple[str, str]]:
    """Each line that is not empty, after the place where it stands."""
    if source == STDIN:
        yield from _numbered("stdin", sys.stdin.buffer)
    else:
        with source.open("rb") as file:
            yield from _numbered(str(source), file)


def read_items(source: Path, form: Form) -> Iterator[ItemSpec]:
    """The items of a file; what is wrong is told with its line, before anything is sent of it."""
    as_json = form is Form.JSONL or (form is Form.AUTO and source.suffix in {".jsonl", ".ndjson"})
    by_first_line = form is Form.AUTO and source == STDIN
    for place, line in read_lines(source):
        if by_first_line:
            as_json, by_first_line = line.lstrip().startswith("{"), False
        yield _item_of(place, line) if as_json else _checked(place, line)


def read_names(pattern: str) -> Iterator[str]:
    """The files that fit; one that fits nothing is a mistake, not an empty job."""
    names = (
        name
        for name in globbing.iglob(pattern, recursive=True)  # noqa: PTH207 - patterns may be absolute.
        if not Path(name).is_dir()
    )
    first = next(names, None)
    if first is None:
        raise WrongValue("--glob", f"no file fits {pattern}")
    yield _checked("--glob", first)
    for name in names:
        yield _checked("--glob", name)


def _numbered(name: str, lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        place = f"{name}:{number}"
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise WrongValue(place, f"is not UTF-8: {error.reason}") from error
        if text.strip():
            yield place, text


def _item_of(place: str, line: str) -> Mapping[str, Any]:
    item = json_object(place, line)
    item_id = item.get("itemId", item.get("item_id"))
    if not isinstance(item_id, str):
        raise WrongValue(place, "itemId is missing or not a text")
    _checked(place, item_id)
    return item


def _checked(place: str, item_id: str) -> str:
    if not 1 <= len(item_id) <= ITEM_ID_CHARACTERS:
        raise WrongValue(
            place, f"itemId has 1 to {ITEM_ID_CHARACTERS} characters, not {len(item_id)}"
        )
    return item_id
