"""Processes that are killed at one of their AWS calls, or get an unexpected error from it."""

from dataclasses import dataclass
from typing import Any


class ProcessKilled(BaseException):
    """The process was killed. A BaseException, so that no product code can catch it."""


class UnexpectedError(Exception):
    """An error of no known type; the process goes on and may answer."""


@dataclass
class FailingCall:
    """Which of all calls fails, whether it takes effect first, and which error it raises."""

    at_call: int | None = None
    takes_effect: bool = False
    error: type[BaseException] = ProcessKilled
    calls: int = 0

    def make(self, call: Any, **request: Any) -> Any:
        number = self.calls
        self.calls += 1
        if number != self.at_call:
            return call(**request)
        if self.takes_effect:
            call(**request)
        raise self.error


class FailingClient:
    """A client of which one call may fail."""

    def __init__(self, client: Any, failing_call: FailingCall) -> None:
        self._client, self._failing_call = client, failing_call

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return lambda **request: self._failing_call.make(call, **request)
