"""What the product does with threads, without them: in order, and so the same each time."""

from collections.abc import Callable, Sequence
from typing import TypeVar

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


def one_by_one(
    function: Callable[[_Argument], _Result], arguments: Sequence[_Argument]
) -> list[_Result]:
    return [function(argument) for argument in arguments]
