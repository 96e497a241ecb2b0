"""Reads items from lines, JSON lines or file names, one at a time."""

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
from forgeledger.cli.json_options import STDIN, json_object
from forgeledger.jobs.model.limits import ITEMS_PER_REGISTRATION

if TYPE_CHECKING:
    from forgeledger.sdk.api.item_input import ItemSpec

_JSON_ITEM: Final = re.compile(r'\s*\{\s*"item(Id|_id)"')
_READ_AS_NAMES: Final = (
    "each line is read as an item's id, though the first looks like JSON; JSON lines are "
    "recognized by the suffix .jsonl, on stdin, or by --form jsonl of `items register`"
)


class Form(StrEnum):
    AUTO = "auto"
    LINES = "lines"
    JSONL = "jsonl"


def read_lines(source: Path) -> Iterator[tuple[str, str]]:
    """Each line that is not empty, after its position such as `items.txt:3`."""
    if source == STDIN:
        yield from _numbered("stdin", sys.stdin.buffer)
    else:
        with source.open("rb") as file:
            yield from _numbered(str(source), file)


def planned_items_of(source: Path) -> int | None:
    """How many items a file has, to choose the lanes by; a stream can be read only once.

    None if one request holds them: the ledger counts those of a sealed job itself, and to few that
    are not sealed more may come.
    """
    if not source.is_file():
        return None
    with source.open("rb") as file:
        number = sum(1 for line in file if line.strip())
    return number if number > ITEMS_PER_REGISTRATION else None


def read_items(
    source: Path, form: Form, remark: Callable[[str], None]
) -> Iterator[tuple[str, "ItemSpec"]]:
    """The items of a file, each after its position; raises WrongValue for an invalid one."""
    as_json = form is Form.JSONL or (form is Form.AUTO and source.suffix in {".jsonl", ".ndjson"})
    undecided = form is Form.AUTO and not as_json
    for position, line in read_lines(source):
        if undecided and source == STDIN:
            as_json = line.lstrip().startswith("{")
        elif undecided and _JSON_ITEM.match(line):
            remark(f"{source}: {_READ_AS_NAMES}")
        undecided = False
        item = json_object(position, line) if as_json else _bare_id(position, line)
        yield position, _checked(position, item)


def read_names(pattern: str) -> Iterator[tuple[str, "ItemSpec"]]:
    """The names of the files that match; without a match it is an error, not an empty job."""
    names = (
        name
        for name in globbing.iglob(pattern, recursive=True)  # noqa: PTH207 - patterns may be absolute.
        if not Path(name).is_dir()
    )
    first = next(names, None)
    if first is None:
        raise WrongValue("--glob", f"no file matches {pattern}")
    for name in chain((first,), names):
        yield name, _checked(name, name)


def _numbered(name: str, lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        position = f"{name}:{number}"
        if number == 1:
            # Some editors and shells write a byte order mark; it does not belong to the first id.
            line = line.removeprefix(codecs.BOM_UTF8)  # noqa: PLW2901 - the same line without it.
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise WrongValue(position, f"is not UTF-8: {error.reason}") from error
        if text.strip():
            yield position, text


def _bare_id(position: str, line: str) -> str:
    """A trailing blank is mostly a slip, but would make another item."""
    if line != line.strip():
        raise WrongValue(
            position, "has blanks around it; if they belong to the itemId, write it as JSON"
        )
    return line


def _checked(position: str, item: "ItemSpec") -> "ItemSpec":
    from forgeledger.sdk.api.item_input import check_item
    from forgeledger.sdk.errors import InvalidCommandError

    try:
        check_item(item)
    except InvalidCommandError as error:
        raise WrongValue(position, f"{error.field} {error.rule}") from error
    return item
