"""Names that somebody is to hear of: each once, since a slip comes with every message."""

from collections.abc import Iterable
from typing import Final

# What one process remembers of all its senders, and how much of a name.
_MOST_NAMES: Final = 100
_NAME_CHARACTERS: Final = 64


class ToldNames:
    """Those that were told already, within bounds: senders choose the names."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def first_told(self, names: Iterable[str]) -> list[str]:
        """The names that were not told before, and from now on were."""
        fresh = sorted({name[:_NAME_CHARACTERS] for name in names} - self._told)
        fresh = fresh[: _MOST_NAMES - len(self._told)]
        self._told.update(fresh)
        return fresh
