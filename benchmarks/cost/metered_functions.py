"""The three functions as Lambda loads them, with timed invocations and counted log bytes."""

import contextlib
import itertools
import os
import runpy
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from io import TextIOBase
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from benchmarks.cost.metered_wire import MeteredWire
from benchmarks.lambda_environment import LambdaContext
from benchmarks.lambda_time import LOG_LINE_BYTES

ROOT: Final = Path(__file__).parent.parent.parent
_SERVICE_NUMBERS: Final = itertools.count()

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class _Log(TextIOBase):
    """A function's standard output: counted and discarded."""

    def __init__(self) -> None:
        self.lines = 0
        self.characters = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self.lines += text.count("\n")
        self.characters += len(text)
        return len(text)


@dataclass(slots=True)
class MeteredFunction:
    """A handler with the time of its invocations, without that of answering its requests."""

    name: str
    handler: Handler
    log: _Log
    wire: MeteredWire
    # Memory is traced in one invocation in so many, which is not timed; 0 traces none.
    traced_one_in: int = 0
    invocations: int = 0
    waited_seconds: float = 0.0
    _timed: int = 0
    _timed_seconds: float = 0.0
    peak_bytes: int = 0
    _context: LambdaContext = field(default_factory=LambdaContext)

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        self.invocations += 1
        waited = self.wire.waited_seconds
        with contextlib.redirect_stdout(self.log):
            is_traced = self.traced_one_in and self.invocations % self.traced_one_in == 0
            answer = self._invoke_traced(event) if is_traced else self._invoke_timed(event)
        self.waited_seconds += self.wire.waited_seconds - waited
        return answer

    def _invoke_timed(self, event: dict[str, Any]) -> dict[str, Any]:
        answering, began = self.wire.answering_seconds, time.process_time()
        answer = self.handler(event, self._context)
        answering = self.wire.answering_seconds - answering
        self._timed_seconds += time.process_time() - began - answering
        self._timed += 1
        return answer

    def _invoke_traced(self, event: dict[str, Any]) -> dict[str, Any]:
        tracemalloc.start()
        try:
            answer = self.handler(event, self._context)
            self.peak_bytes = max(self.peak_bytes, tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        return answer

    @property
    def processor_seconds(self) -> float:
        """Of all invocations; those that were traced count as the mean of the others."""
        return self._timed_seconds / max(1, self._timed) * self.invocations

    @property
    def log_bytes(self) -> float:
        """The function's lines, and what CloudWatch adds to each."""
        return self.log.characters + self.log.lines * LOG_LINE_BYTES


def load(path: Path, name: str, wire: MeteredWire, traced_one_in: int = 0) -> MeteredFunction:
    log = _Log()
    # A logger writes to the stdout of the moment in which the first of its name was made.
    service = {"POWERTOOLS_SERVICE_NAME": f"forgeledger-{name}-{next(_SERVICE_NUMBERS):04d}"}
    with patch.dict(os.environ, service), contextlib.redirect_stdout(log):
        handler: Handler = runpy.run_path(str(path), run_name="app")["handler"]
    return MeteredFunction(name, handler, log, wire, traced_one_in)
