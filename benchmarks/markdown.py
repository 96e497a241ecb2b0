"""Tables of a docs page, between marker comments, so that a program can rewrite them."""

import re
from collections.abc import Mapping, Sequence


def number_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text in the first column, right-aligned numbers in the others."""
    return _table(heads, ["---", *("---:" for _ in heads[1:])], rows)


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return _table(heads, ["---"] * len(heads), rows)


def fill_markers(page: str, parts: Mapping[str, str]) -> str:
    """The page with the text between each part's pair of markers replaced."""
    for name, text in parts.items():
        markers = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page, pairs = markers.subn(lambda match, text=text: f"{match[1]}{text}\n{match[2]}", page)
        if pairs != 1:
            raise ValueError(f"the page has {pairs} pairs of markers for {name!r}")
    return page


def _table(heads: Sequence[str], rule: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))
