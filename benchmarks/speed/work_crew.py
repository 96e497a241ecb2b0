"""Worker processes that are ready before the clock starts, the same for every design."""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier, Semaphore
from typing import Any

# Makes its clients, then answers with what is to be done with the names of a share.
Prepare = Callable[..., Callable[[Sequence[str]], None]]
_READY_SECONDS = 120
_context = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Crew:
    _go: Barrier
    _done: Semaphore
    _processes: Sequence[Any]

    def work(self, most_seconds: float = 3_600) -> None:
        """Let them begin, and wait until all are done."""
        self._go.wait(_READY_SECONDS)
        deadline = time.monotonic() + most_seconds
        for _ in self._processes:
            while not self._done.acquire(timeout=1):
                if any(process.exitcode for process in self._processes):
                    raise RuntimeError("a worker process failed")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the workers are not done after {most_seconds} s")


@contextlib.contextmanager
def crew(
    processes: int, prepare: Prepare, arguments: Sequence[Any], names: Sequence[str]
) -> Iterator[Crew]:
    """Each has an equal share of the names; when the block begins, all have made their clients."""
    ready, go = _context.Barrier(processes + 1), _context.Barrier(processes + 1)
    done = _context.Semaphore(0)
    started = [
        _context.Process(
            target=_run, args=((ready, go, done), prepare, arguments, names[number::processes])
        )
        for number in range(processes)
    ]
    try:
        for process in started:
            process.start()
        ready.wait(_READY_SECONDS)
        yield Crew(go, done, started)
    finally:
        for process in started:
            process.kill()
            process.join()


def _run(
    gates: tuple[Barrier, Barrier, Semaphore],
    prepare: Prepare,
    arguments: Sequence[Any],
    names: Sequence[str],
) -> None:
    ready, go, done = gates
    work = prepare(*arguments)
    ready.wait(_READY_SECONDS)
    go.wait()
    work(names)
    done.release()
