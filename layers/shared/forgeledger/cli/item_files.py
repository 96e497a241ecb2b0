"""Items from files: an id a line, JSON lines, or the files' own names; never all in memory."""

import codecs
import glob as globbing
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.json_options import json_object

if TYPE_CHECKING:
    from forgeledger.sdk.api.item_input import ItemSpec

STDIN = Path("-")
_JSON_ITEM: Final = re.compile(r'\s*\{\s*"item(Id|_id)"')
_READ_AS_NAMES: Final = (
    "each line is taken as the name of an item, though the first looks like JSON; "
    "JSON lines are known by the suffix .jsonl, on stdin, or by --form jsonl of `items register`"
)


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


def read_items(
    source: Path, form: Form, remark: Callable[[str], None]
) -> Iterator[tuple[str, "ItemSpec"]]:
    """The items of a file, each after its place; what is wrong is told before it is sent."""
    as_json = form is Form.JSONL or (form is Form.AUTO and source.suffix in {".jsonl", ".ndjson"})
    undecided = form is Form.AUTO and not as_json
    for place, line in read_lines(source):
        if undecided and source == STDIN:
            as_json = line.lstrip().startswith("{")
        elif undecided and _JSON_ITEM.match(line):
            remark(f"{source}: {_READ_AS_NAMES}")
        undecided = False
        yield place, _checked(place, json_object(place, line) if as_json else _bare(place, line))


def read_names(pattern: str) -> Iterator[tuple[str, "ItemSpec"]]:
    """The files that fit; one that fits nothing is a mistake, not an empty job."""
    names = (
        name
        for name in globbing.iglob(pattern, recursive=True)  # noqa: PTH207 - patterns may be absolute.
        if not Path(name).is_dir()
    )
    first = next(names, None)
    if first is None:
        raise WrongValue("--glob", f"no file fits {pattern}")
    for name in chain((first,), names):
        yield name, _checked(name, name)


def _numbered(name: str, lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        place = f"{name}:{number}"
        if number == 1:
            # Some editors and shells put it there; it is no part of the first name.
            line = line.removeprefix(codecs.BOM_UTF8)  # noqa: PLW2901 - the same line without it.
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise WrongValue(place, f"is not UTF-8: {error.reason}") from error
        if text.strip():
            yield place, text


def _bare(place: str, name: str) -> str:
    """A blank at the end of a line is mostly a slip, and would be another item from then on."""
    if name != name.strip():
        raise WrongValue(
            place, "has blanks around it; if they are part of the itemId, say it in JSON"
        )
    return name


def _checked(place: str, item: "ItemSpec") -> "ItemSpec":
    from forgeledger.sdk.api.item_input import check_item
    from forgeledger.sdk.errors import InvalidCommandError

    try:
        check_item(item)
    except InvalidCommandError as error:
        raise WrongValue(place, f"{error.field} {error.rule}") from error
    return item
