"""Items on their way to be registered, whose mistakes are told by where they came from."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from forgeledger.sdk.api.item_input import ItemSpec, told_of_items
from forgeledger.sdk.errors import InvalidRequestError, RegistrationStoppedError, SdkError

# More than are ever taken before their request is answered.
_PLACES_KEPT: Final = 10_000


class PlacedItems:
    """Gives the items alone, and remembers the places of the latest.

    The API counts the items that it was sent, and its user has a file whose lines may be empty.
    """

    def __init__(self, placed: Iterable[tuple[str, ItemSpec]]) -> None:
        self._placed = placed
        self._places: deque[str] = deque(maxlen=_PLACES_KEPT)
        self.taken = 0

    def __iter__(self) -> Iterator[ItemSpec]:
        for place, item in self._placed:
            self._places.append(place)
            self.taken += 1
            yield item

    @contextmanager
    def told_by_place(self) -> Iterator[None]:
        """What the API blames within its block has the place of its item."""
        try:
            yield
        except SdkError as error:
            blamed = error.__cause__ if isinstance(error, RegistrationStoppedError) else error
            if isinstance(blamed, InvalidRequestError):
                blamed.problem = told_of_items(blamed.problem, self._told)
            raise

    def _told(self, index: int, field: str) -> str:
        behind = self.taken - index
        if not 1 <= behind <= len(self._places):
            return f"items[{index}]{field}"
        return ": ".join(part for part in (self._places[-behind], field.removeprefix(".")) if part)


@contextmanager
def told_to_be_repeatable() -> Iterator[None]:
    """Whoever hears that a registration stopped on its way wants to know what to do then."""
    try:
        yield
    except BaseException as error:
        # What else stops it, a mistake in the file or Ctrl-C, has a note of how far it came.
        stopped = isinstance(error, RegistrationStoppedError) and error.registration.sent
        if stopped or hasattr(error, "__notes__"):
            error.add_note("repeating the command is safe")
        raise
