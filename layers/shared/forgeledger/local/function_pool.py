"""Runs a function's invocations in processes: an idle one if there is one, else a new one."""

import logging
import os
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from forgeledger.local.function_process import (
    FunctionProcess,
    InvocationFailed,
    function_environment,
)
from forgeledger.local.stack import Function

logger = logging.getLogger(__name__)


def default_concurrency() -> int:
    """How many processes of one function this machine can keep busy."""
    return max(2, os.cpu_count() or 1)


class FunctionPool:
    """The processes of one function; `after` is called after each invocation."""

    def __init__(
        self,
        function: Function,
        *,
        client: Mapping[str, str],
        log_dir: Path,
        concurrency: int | None = None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self.function = function
        self.concurrency = concurrency or default_concurrency()
        self._client = client
        self._after = after
        self._log_file = log_dir / f"{function.logical_id}.log"
        self._idle: deque[FunctionProcess] = deque()
        self._all: set[FunctionProcess] = set()
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(self.concurrency)
        self._closed = False

    def warm(self) -> None:
        """Start one process, so that a handler that cannot be imported fails at once."""
        with self._slots:
            process = self._acquire()
            try:
                process.wait_until_ready()
            finally:
                self._release(process)

    def invoke(self, event: Any, request_id: str | None = None) -> Any:
        """The function's response, or `InvocationFailed`; waits while all processes are busy."""
        request_id = request_id or str(uuid.uuid4())
        with self._slots:
            process = self._acquire()
            try:
                return process.invoke(event, request_id)
            except InvocationFailed as failure:
                logger.warning("%s %s: %s", self.function.logical_id, request_id, failure)
                raise
            except BaseException:
                process.end()  # Its late answer would be read as the next invocation's.
                raise
            finally:
                self._release(process)
                self._after()

    def pids(self) -> list[int]:
        with self._lock:
            return [process.pid for process in self._all if process.alive]

    def close(self) -> None:
        """End all processes; an invocation in flight ends as a crash."""
        with self._lock:
            self._closed = True
            idle, busy = set(self._idle), self._all - set(self._idle)
            self._idle.clear()
        for process in busy:
            process.kill()
        for process in idle:
            process.end()

    def _acquire(self) -> FunctionProcess:
        with self._lock:
            if self._closed:
                raise InvocationFailed("Closed", "the local cloud is stopping", "")
            while self._idle:
                process = self._idle.pop()  # The last one used has the warmest caches.
                if process.alive:
                    return process
                self._all.discard(process)
            process = FunctionProcess(
                self.function,
                function_environment(self.function, os.environ, self._client),
                self._log_file,
            )
            self._all.add(process)
            return process

    def _release(self, process: FunctionProcess) -> None:
        with self._lock:
            if process.alive and not self._closed:
                self._idle.append(process)
            else:
                self._all.discard(process)
                process.end()
