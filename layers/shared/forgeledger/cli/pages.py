"""Lists rows page by page up to a limit, and remembers whether the list was cut."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from forgeledger.cli.output import Output

if TYPE_CHECKING:
    from forgeledger.sdk.records import Page

Row = TypeVar("Row")


class Pages(Generic[Row]):
    """At most `limit` rows, or all of them.

    No page is fetched only to learn whether more rows follow: with a filter that may take as many
    requests as the whole list.
    """

    def __init__(self, page_at: "Callable[[str | None], Page[Row]]", limit: int | None) -> None:
        self._page_at = page_at
        self._limit = limit
        self._cut = ""

    def __iter__(self) -> Iterator[Row]:
        cursor, left = None, self._limit
        while True:
            page = self._page_at(cursor)
            yield from page.rows[:left]
            if left is not None:
                if len(page.rows) > left:
                    self._cut = "only the first"
                    return
                left -= len(page.rows)
            if not page.more:
                return
            if left == 0:
                self._cut = "there may be more than the first"
                return
            cursor = page.cursor

    def remark_cut(self, output: Output) -> None:
        """Tells the user that the list was truncated."""
        if self._cut:
            output.remark(f"{self._cut} {self._limit:,}; --all lists all, --limit another number")
