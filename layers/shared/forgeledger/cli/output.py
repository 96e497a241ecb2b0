"""Prints results: aligned text for people, one JSON document a line with --json."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TextIO

_GREEN, _RED, _YELLOW, _CYAN = 32, 31, 33, 36
_COLORS: Final = {
    "COMPLETED": _GREEN,
    "COMPLETED_WITH_FAILURES": _YELLOW,
    "CANCELED": _YELLOW,
    "FAILED": _RED,
    "BROKEN": _RED,
    "RUNNING": _CYAN,
    "IN_PROGRESS": _CYAN,
}
_STATES: Final = re.compile(rf"\b(?:{'|'.join(_COLORS)})\b")


class Color(StrEnum):
    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class ReaderGone(Exception):
    """The reader of the output, such as `head`, closed its end of the pipe."""


class Output:
    """Results go to the standard output, remarks to the standard error."""

    def __init__(
        self,
        *,
        as_json: bool = False,
        color: Color = Color.AUTO,
        environ: Mapping[str, str] | None = None,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self.is_colored = color == Color.ALWAYS or (
            color == Color.AUTO and self.out.isatty() and _wants_color(environ or {})
        )

    @property
    def is_live(self) -> bool:
        """Whether the output is a terminal on which a progress bar can be drawn."""
        return not self.as_json and self.out.isatty()

    def record(self, document: Mapping[str, Any], text: str | Iterable[str]) -> None:
        """One result: the document for programs, the text for people."""
        if self.as_json:
            self.document(document)
        else:
            self.lines([text] if isinstance(text, str) else text)

    def document(self, document: Any) -> None:
        self._write(json.dumps(document, ensure_ascii=False, default=str))

    def result(self, document: Any) -> None:
        """Any JSON: on one line for programs, indented for people."""
        indent = None if self.as_json else 2
        self._write(json.dumps(document, ensure_ascii=False, indent=indent))

    def lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            shown = printable(line)
            self._write(_STATES.sub(_colored, shown) if self.is_colored else shown)

    def text(self, text: str) -> None:
        """A text from outside, unchanged."""
        self._write(text)

    def remark(self, line: str) -> None:
        """A line on the standard error, which programs that read the result do not see."""
        print(printable(line), file=self.err, flush=True)

    def _write(self, line: str) -> None:
        try:
            print(line, file=self.out, flush=True)
        except BrokenPipeError:
            raise ReaderGone from None

    def table(
        self,
        head: Sequence[str],
        rows: Iterable[tuple[Mapping[str, Any], Sequence[object]]],
        *,
        empty: str,
    ) -> None:
        """Each row as its document, or as cells under the head."""
        if self.as_json:
            for document, _ in rows:
                self.document(document)
            return
        cells = [[_cell(value) for value in row] for _, row in rows]
        if cells:
            heading, *lines = aligned([list(head), *cells])
            self._write(heading)
            self.lines(lines)
        else:
            self.remark(empty)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as columns of equal width, two spaces apart, as they are shown."""
    shown = [[*map(printable, row)] for row in rows]
    widths = [max(map(_columns, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in shown
    ]


def facts(rows: Iterable[tuple[str, object]]) -> list[str]:
    """Names and values, one a line; names without a value are left out."""
    known = [(name, _cell(value)) for name, value in rows if value not in (None, "", (), [], {})]
    width = max((len(name) for name, _ in known), default=0)
    return [f"{name.ljust(width)}  {value}" for name, value in known]


def printable(text: str) -> str:
    """Names come from outside: control characters are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes: some letters take two, or none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def moment(at: datetime | None) -> str:
    """A time in UTC, to the second."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def precise_moment(at: datetime | None) -> str:
    """A time in UTC, to the millisecond."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def duration(seconds: float) -> str:
    """`7 s`, `3 min 20 s` or `2 h 05 min`."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 6_000:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def short_json(value: Any, most: int = 100) -> str:
    """A value as JSON on one line, cut at `most` characters."""
    return shortened(json.dumps(value, ensure_ascii=False), most)


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _wants_color(environ: Mapping[str, str]) -> bool:
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def _colored(state: re.Match[str]) -> str:
    word = state.group()
    return f"\x1b[{_COLORS[word]}m{word}\x1b[0m"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
