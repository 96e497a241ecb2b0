"""Tables in a page of the docs, between marks, so that a tool can write them anew."""

import re
from collections.abc import Mapping, Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is words, the others are numbers unless a cell says otherwise."""
    lines = [_line(heads), _line(["---", *("---:" for _ in heads[1:])])]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def words(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([_line(heads), _line(["---"] * len(heads)), *(_line(row) for row in rows)])


def filled(page: str, parts: Mapping[str, str]) -> str:
    """The page with what stands between each pair of marks replaced."""
    for name, text in parts.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page, found = marks.subn(lambda match, text=text: f"{match[1]}{text}\n{match[2]}", page)
        if found != 1:
            raise ValueError(f"the page has {found} places for {name!r}")
    return page


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
