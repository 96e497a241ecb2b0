"""Items on their way to registration, whose errors name the line or file that they came from."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from forgeledger.sdk.api.item_input import ItemSpec, with_item_names
from forgeledger.sdk.errors import InvalidRequestError, RegistrationStoppedError, SdkError

# More than the items that are on their way at any time.
_REMEMBERED: Final = 10_000


class PositionedItems:
    """Yields the items alone, and remembers where the latest came from.

    The API's errors count the items of a request, but a file may have empty lines between them.
    """

    def __init__(self, items: Iterable[tuple[str, ItemSpec]]) -> None:
        self._items = items
        self._positions: deque[str] = deque(maxlen=_REMEMBERED)
        self.taken = 0

    def __iter__(self) -> Iterator[ItemSpec]:
        for position, item in self._items:
            self._positions.append(position)
            self.taken += 1
            yield item

    @contextmanager
    def named_in_errors(self) -> Iterator[None]:
        """In an error of the API within the block, replaces an item's index by its position."""
        try:
            yield
        except SdkError as error:
            cause = error.__cause__ if isinstance(error, RegistrationStoppedError) else error
            if isinstance(cause, InvalidRequestError):
                cause.problem = with_item_names(cause.problem, self._field)
            raise

    def _field(self, index: int, field: str) -> str:
        from_end = self.taken - index
        if not 1 <= from_end <= len(self._positions):
            return f"items[{index}]{field}"
        names = (self._positions[-from_end], field.removeprefix("."))
        return ": ".join(name for name in names if name)


@contextmanager
def note_repeatable() -> Iterator[None]:
    """To an error that stops a registration half-way, adds that the command may be repeated."""
    try:
        yield
    except BaseException as error:
        # Errors in the file and Ctrl-C have a note of how many items were answered.
        stopped = isinstance(error, RegistrationStoppedError) and error.registration.sent
        if stopped or hasattr(error, "__notes__"):
            error.add_note("repeating the command is safe")
        raise
