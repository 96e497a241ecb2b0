"""Worker processes that are ready before the clock starts, the same for every design."""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier, Semaphore
from typing import Any

# Makes the worker's clients and returns the function that works on the worker's share of names.
MakeWorker = Callable[..., Callable[[Sequence[str]], None]]
_READY_SECONDS = 120
_context = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class WorkerProcesses:
    _go: Barrier
    _done: Semaphore
    _processes: Sequence[Any]

    def work(self, timeout_seconds: float = 3_600) -> None:
        """Start the work and wait until all processes are done."""
        self._go.wait(_READY_SECONDS)
        deadline = time.monotonic() + timeout_seconds
        for _ in self._processes:
            while not self._done.acquire(timeout=1):
                if any(process.exitcode for process in self._processes):
                    raise RuntimeError("a worker process failed")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the workers are not done after {timeout_seconds} s")


@contextlib.contextmanager
def worker_processes(
    number: int, make_worker: MakeWorker, arguments: Sequence[Any], names: Sequence[str]
) -> Iterator[WorkerProcesses]:
    """Each has an equal share of the names; when the block begins, all have made their clients."""
    ready, go = _context.Barrier(number + 1), _context.Barrier(number + 1)
    done = _context.Semaphore(0)
    processes = [
        _context.Process(
            target=_run, args=((ready, go, done), make_worker, arguments, names[index::number])
        )
        for index in range(number)
    ]
    try:
        for process in processes:
            process.start()
        ready.wait(_READY_SECONDS)
        yield WorkerProcesses(go, done, processes)
    finally:
        for process in processes:
            process.kill()
            process.join()


def _run(
    signals: tuple[Barrier, Barrier, Semaphore],
    make_worker: MakeWorker,
    arguments: Sequence[Any],
    names: Sequence[str],
) -> None:
    ready, go, done = signals
    work = make_worker(*arguments)
    ready.wait(_READY_SECONDS)
    go.wait()
    work(names)
    done.release()
