"""Iterate over pages row by row, and look at the first row of an input."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

from forgeledger.sdk.api.item_input import ItemSpec
from forgeledger.sdk.records import Page

Row = TypeVar("Row")


def rows_of(page_at: Callable[[str | None], Page[Row]], cursor: str | None = None) -> Iterator[Row]:
    while True:
        page = page_at(cursor)
        yield from page.rows
        if not page.more:
            return
        cursor = page.cursor


def first_row(items: Iterable[ItemSpec]) -> tuple[list[ItemSpec], Iterable[ItemSpec]]:
    """The first one, if there is one, and all of them."""
    rows = iter(items)
    first = list(islice(rows, 1))
    return first, chain(first, rows)
