"""Rows that a command lists, page by page: so many of them, and whether there are more."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from forgeledger.cli.output import Output

if TYPE_CHECKING:
    from forgeledger.sdk.records import Page

Row = TypeVar("Row")


class Pages(Generic[Row]):
    """At most so many rows; what is behind them is seen only in pages that they came with.

    One look further may take as many requests as the whole list, and fail when all is printed.
    """

    def __init__(self, page_at: "Callable[[str | None], Page[Row]]", most: int | None) -> None:
        self._page_at = page_at
        self._most = most
        self._behind = ""

    def __iter__(self) -> Iterator[Row]:
        cursor, left = None, self._most
        while True:
            page = self._page_at(cursor)
            yield from page.rows[:left]
            if left is not None:
                if len(page.rows) > left:
                    self._behind = "only the first"
                    return
                left -= len(page.rows)
            if not page.more:
                return
            if left == 0:
                self._behind = "there may be more than the first"
                return
            cursor = page.cursor

    def tell_cut(self, output: Output) -> None:
        """That a list has more rows is not to be seen in those that were printed."""
        if self._behind:
            output.remark(f"{self._behind} {self._most:,}; --all lists all, --limit another number")
