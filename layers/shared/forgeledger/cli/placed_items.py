"""Items on their way to be registered, whose mistakes are told by where they came from."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from forgeledger.sdk.errors import InvalidRequestError, RegistrationStoppedError
from forgeledger.sdk.item_specs import ItemSpec
from forgeledger.sdk.records import Problem

# More than are ever taken before their request is answered.
_PLACES_KEPT: Final = 10_000
_ITEM: Final = re.compile(r"items\[(\d+)\]\.?")


class PlacedItems:
    """Gives the items alone; within its block, what the API blames has the place of its item.

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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, InvalidRequestError):
            error.problem = self._told(error.problem)
        elif isinstance(error, RegistrationStoppedError):
            self.__exit__(None, error.__cause__, trace)

    def _told(self, problem: Problem) -> Problem:
        errors = (replace(each, field=self._field(each.field)) for each in problem.errors)
        return replace(problem, errors=tuple(errors))

    def _field(self, field: str) -> str:
        found = _ITEM.match(field)
        if found is None:
            return field
        behind = self.taken - int(found[1])
        if not 1 <= behind <= len(self._places):
            return field
        return ": ".join(part for part in (self._places[-behind], field[found.end() :]) if part)
