"""Names that somebody is to hear of: each once, since a slip comes with every message."""

from collections.abc import Iterable
from typing import Final

# What one process remembers of all its senders, who choose the names, and how much of a name.
_MOST_NAMES: Final = 100
_NAME_CHARACTERS: Final = 64


def first_told(told: frozenset[str], names: Iterable[str]) -> tuple[list[str], frozenset[str]]:
    """The names that nobody heard of so far, within bounds, and all that are told with them."""
    fresh = sorted({name[:_NAME_CHARACTERS] for name in names} - told)
    fresh = fresh[: _MOST_NAMES - len(told)]
    return fresh, told.union(fresh)
