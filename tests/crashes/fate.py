"""Processes that are killed at one of their AWS calls, or get an error that they do not know."""

from dataclasses import dataclass
from typing import Any


class Killed(BaseException):
    """The process is gone: nothing in it can catch this."""


class Broke(Exception):
    """The call ended in a way that nobody foresaw; the process lives and may answer."""


@dataclass
class Fate:
    """Which call of all goes wrong, whether it still took place, and what its process sees."""

    at_call: int | None = None
    takes_place: bool = False
    end: type[BaseException] = Killed
    calls: int = 0

    def meet(self, call: Any, **request: Any) -> Any:
        number = self.calls
        self.calls += 1
        if number != self.at_call:
            return call(**request)
        if self.takes_place:
            call(**request)
        raise self.end


class Mortal:
    """A client in a process in which one call may go wrong."""

    def __init__(self, client: Any, fate: Fate) -> None:
        self._client, self._fate = client, fate

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return lambda **request: self._fate.meet(call, **request)
