"""Bounds that measured figures have to meet, each as a sentence with its figures."""

from collections.abc import Sequence
from typing import NamedTuple


class Bound(NamedTuple):
    text: str
    met: bool


def print_bounds(bounds: Sequence[Bound]) -> int:
    """1 where a bound is missed."""
    for bound in bounds:
        print(f"{bound.text} {'Met.' if bound.met else 'MISSED.'}")
    return int(not all(bound.met for bound in bounds))
