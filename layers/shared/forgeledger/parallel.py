"""Do several things at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")

_THREADS = 8


class Parallel(Protocol):
    """Apply a function to all arguments, in any order; the results are in the arguments' order.

    All of them are tried; the first error, if any, is raised when all are done.
    """

    def __call__(
        self, function: Callable[[_Argument], _Result], arguments: Sequence[_Argument]
    ) -> list[_Result]: ...


def call(function: Callable[[], Any]) -> Any:
    """For different things at once: `parallel(call, (this, that))`."""
    return function()


def with_threads(
    function: Callable[[_Argument], _Result],
    arguments: Sequence[_Argument],
    most_threads: int = _THREADS,
) -> list[_Result]:
    if len(arguments) <= 1:
        return [function(argument) for argument in arguments]
    with ThreadPoolExecutor(min(len(arguments), most_threads)) as threads:
        futures = [threads.submit(function, argument) for argument in arguments]
    return [future.result() for future in futures]
