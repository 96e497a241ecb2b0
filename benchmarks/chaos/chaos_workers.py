"""The worker processes of the chaos: killed at any moment, and replaced."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Final, Self

from forgeledger.sdk import Endpoints, ItemWork, Reporter, Worker, WorkerOptions

WORK_QUEUE_URL: Final = "CHAOS_WORK_QUEUE_URL"
# Of a killed worker: how long until others get what it had in hand.
VISIBILITY_SECONDS: Final = 10
_END_SECONDS: Final = 20.0
# One item of so many fails at its first attempt, and the end of as many is told twice.
_ONE_IN: Final = 50


def work(item: ItemWork, reporter: Reporter) -> None:
    fate = zlib.crc32(item.item_id.encode()) % _ONE_IN
    if fate == 0 and item.attempt == 1:
        raise RuntimeError("it goes away when one tries again")
    if fate == 1:
        reporter.complete(item.job_id, item.item_id)


def main() -> None:
    reporter = Reporter(endpoints=Endpoints.from_environment())
    worker = Worker(
        os.environ[WORK_QUEUE_URL],
        {"default": lambda item: work(item, reporter)},
        reporter=reporter,
        options=WorkerOptions(wait_seconds=1, visibility_seconds=VISIBILITY_SECONDS),
        retry_seconds=lambda _: 1.0,
    )
    threading.Thread(target=_end_with_owner, daemon=True).start()
    worker.run()


def _end_with_owner() -> None:
    """Whoever started it holds the other end of its standard input."""
    # By its number: a reader of the buffer would hold its lock when the interpreter ends.
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


class Crew:
    def __init__(self, size: int, environment: Mapping[str, str], log_dir: Path) -> None:
        self._size = size
        self._environment = {**os.environ, **environment}
        self._log_file = log_dir / "workers.log"
        self._processes: list[subprocess.Popen[bytes]] = []
        # Those that ended although nobody had killed them.
        self.fallen = 0

    def __enter__(self) -> Self:
        self.fill()
        return self

    def __exit__(self, *_: object) -> None:
        self.fallen += sum(process.poll() is not None for process in self._processes)
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + _END_SECONDS
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            process.kill()
            process.wait()

    def fill(self) -> None:
        """Replace whoever is gone."""
        alive = [process for process in self._processes if process.poll() is None]
        self.fallen += len(self._processes) - len(alive)
        with self._log_file.open("ab") as log:
            while len(alive) < self._size:
                alive.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "benchmarks.chaos.chaos_workers"],
                        stdin=subprocess.PIPE,
                        stdout=log,
                        stderr=log,
                        env=self._environment,
                        start_new_session=True,
                    )
                )
        self._processes = alive

    def kill_one(self, random: Random) -> None:
        """As the kernel does it when memory runs out: nothing is flushed or handed back."""
        process = random.choice(self._processes)
        process.kill()
        process.wait()
        self._processes.remove(process)
        self.fill()


if __name__ == "__main__":
    main()
