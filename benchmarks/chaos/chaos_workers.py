"""The worker processes of the chaos run: killed at any moment, and replaced."""

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
# After this time others receive the messages of a killed worker.
VISIBILITY_SECONDS: Final = 10
_END_SECONDS: Final = 20.0
# One item in so many fails at its first attempt, and one in so many is completed twice.
_ONE_IN: Final = 50


def work(item: ItemWork, reporter: Reporter) -> None:
    bucket = zlib.crc32(item.item_id.encode()) % _ONE_IN
    if bucket == 0 and item.attempt == 1:
        raise RuntimeError("succeeds at the second attempt")
    if bucket == 1:
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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    worker.run()


def _end_with_parent() -> None:
    """Standard input ends when the parent process does, which holds its other end."""
    # Read by descriptor: a reader of sys.stdin would hold its lock when the interpreter ends.
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


class ChaosWorkers:
    def __init__(self, size: int, environment: Mapping[str, str], log_dir: Path) -> None:
        self._size = size
        self._environment = {**os.environ, **environment}
        self._log_file = log_dir / "workers.log"
        self._processes: list[subprocess.Popen[bytes]] = []
        # Workers that ended without having been killed.
        self.unexpected_exits = 0

    def __enter__(self) -> Self:
        self.replace_exited()
        return self

    def __exit__(self, *_: object) -> None:
        self.unexpected_exits += sum(process.poll() is not None for process in self._processes)
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + _END_SECONDS
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            process.kill()
            process.wait()

    def replace_exited(self) -> None:
        alive = [process for process in self._processes if process.poll() is None]
        self.unexpected_exits += len(self._processes) - len(alive)
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

    def kill_random(self, random: Random) -> None:
        """SIGKILL, as by the kernel when memory runs out: nothing is flushed or released."""
        process = random.choice(self._processes)
        process.kill()
        process.wait()
        self._processes.remove(process)
        self.replace_exited()


if __name__ == "__main__":
    main()
