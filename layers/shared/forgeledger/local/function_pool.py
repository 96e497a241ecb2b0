"""Invokes functions: finds each invocation a worker that is idle, and starts one if none is."""

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
    """How many processes of one function a machine of this size can feed."""
    return max(2, os.cpu_count() or 1)


class FunctionPool:
    """The workers of one function; more invocations than workers wait for their turn."""

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
        """Have one worker ready, so that a handler that cannot be imported is found at once."""
        with self._slots:
            worker = self._acquire()
            try:
                worker.wait_until_ready()
            finally:
                self._release(worker)

    def invoke(self, event: Any, request_id: str | None = None) -> Any:
        """The function's response, or `InvocationFailed`; a broken worker is not used again."""
        request_id = request_id or str(uuid.uuid4())
        with self._slots:
            worker = self._acquire()
            try:
                return worker.invoke(event, request_id)
            except InvocationFailed as failure:
                logger.warning("%s %s: %s", self.function.logical_id, request_id, failure)
                raise
            except BaseException:
                worker.end()  # Its answer is still to come, and would be the next invocation's.
                raise
            finally:
                self._release(worker)
                self._after()

    def pids(self) -> list[int]:
        """The process ids of the live workers, for those who want to kill one."""
        with self._lock:
            return [worker.pid for worker in self._all if worker.alive]

    def close(self) -> None:
        """End all workers; an invocation in flight ends as a crash."""
        with self._lock:
            self._closed = True
            idle, busy = set(self._idle), self._all - set(self._idle)
            self._idle.clear()
        for worker in busy:
            worker.kill()
        for worker in idle:
            worker.end()

    def _acquire(self) -> FunctionProcess:
        with self._lock:
            if self._closed:
                raise InvocationFailed("Closed", "the local cloud is going down", "")
            while self._idle:
                worker = self._idle.pop()  # The last one used has the warmest caches.
                if worker.alive:
                    return worker
                self._all.discard(worker)
            worker = FunctionProcess(
                self.function,
                function_environment(self.function, os.environ, self._client),
                self._log_file,
            )
            self._all.add(worker)
            return worker

    def _release(self, worker: FunctionProcess) -> None:
        with self._lock:
            if worker.alive and not self._closed:
                self._idle.append(worker)
            else:
                self._all.discard(worker)
                worker.end()
