"""The three functions as Lambda loads them, each invocation timed, and what they log counted."""

import contextlib
import itertools
import os
import runpy
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import TextIOBase
from pathlib import Path
from typing import Any, Final

from benchmarks.cost.metered_wire import MeteredWire
from benchmarks.lambda_time import LOG_LINE_BYTES, PLATFORM_LOG_BYTES

ROOT: Final = Path(__file__).parent.parent.parent
TABLE: Final = "ledger"
IDEMPOTENCY_TABLE: Final = "answers"
ENVIRONMENT: Final = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "FORGELEDGER_TABLE": TABLE,
    "FORGELEDGER_REJECT_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/0/rejects.fifo",
    "FORGELEDGER_EVENT_BUS": "forgeledger",
    "FORGELEDGER_IDEMPOTENCY_TABLE": IDEMPOTENCY_TABLE,
    "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
}
_NUMBERS: Final = itertools.count()

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Context:
    """What the handlers, their loggers and idempotency ask of Lambda's context."""

    function_name = "function"
    memory_limit_in_mb = 1_024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:function"
    aws_request_id = "059f36b4-87a3-44ab-83d2-661975830a7d"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


class _Log(TextIOBase):
    """Standard output of a function: counted, and thrown away."""

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
class Function:
    """A handler, and what its invocations took beside the answers of the services."""

    name: str
    handler: Handler
    log: _Log
    wire: MeteredWire
    # Memory is traced in one invocation of so many, which is left out of the times.
    traced_one_in: int = 0
    invocations: int = 0
    waited_seconds: float = 0.0
    _timed: int = 0
    _timed_seconds: float = 0.0
    most_bytes: int = 0
    _context: Context = field(default_factory=Context)

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        self.invocations += 1
        waited = self.wire.waited_seconds
        with contextlib.redirect_stdout(self.log):
            is_traced = self.traced_one_in and self.invocations % self.traced_one_in == 0
            answer = self._traced(event) if is_traced else self._timed_answer(event)
        self.waited_seconds += self.wire.waited_seconds - waited
        return answer

    def _timed_answer(self, event: dict[str, Any]) -> dict[str, Any]:
        answering, began = self.wire.answering_seconds, time.process_time()
        answer = self.handler(event, self._context)
        answering = self.wire.answering_seconds - answering
        self._timed_seconds += time.process_time() - began - answering
        self._timed += 1
        return answer

    def _traced(self, event: dict[str, Any]) -> dict[str, Any]:
        tracemalloc.start()
        try:
            answer = self.handler(event, self._context)
            self.most_bytes = max(self.most_bytes, tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        return answer

    @property
    def processor_seconds(self) -> float:
        """Of all invocations; those whose memory was traced count like the others."""
        return self._timed_seconds / max(1, self._timed) * self.invocations

    @property
    def log_bytes(self) -> float:
        """Its own lines, what CloudWatch adds to each, and the platform's."""
        own = self.log.characters + self.log.lines * LOG_LINE_BYTES
        return own + self.invocations * PLATFORM_LOG_BYTES


@contextlib.contextmanager
def environment(more: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def load(path: Path, name: str, wire: MeteredWire, traced_one_in: int = 0) -> Function:
    log = _Log()
    # A logger keeps the standard output that it finds when the first of its name is made.
    service = {"POWERTOOLS_SERVICE_NAME": f"forgeledger-{name}-{next(_NUMBERS):04d}"}
    with environment(service), contextlib.redirect_stdout(log):
        handler: Handler = runpy.run_path(str(path), run_name="app")["handler"]
    return Function(name, handler, log, wire, traced_one_in)
