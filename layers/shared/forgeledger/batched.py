"""Requests that take only so many rows at once."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

_Row = TypeVar("_Row")


def batched(rows: Sequence[_Row], size: int) -> Iterator[Sequence[_Row]]:
    """The rows in order, `size` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
