"""Starts the demo's worker processes, and stops them when the demo ends."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from forgeledger.demo.tasks import WORKER_NAME

_END_SECONDS: Final = 10.0
_COMMAND: Final = (
    sys.executable,
    "-m",
    "forgeledger.cli.main",
    "worker",
    "--app",
    "forgeledger.demo.tasks:worker",
)


class WorkerProcesses:
    def __init__(self, environment: Mapping[str, str], log_dir: Path) -> None:
        self._environment = environment
        self._log_dir = log_dir
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started = 0

    def start(self) -> str:
        """Start one more worker and return its name."""
        self._started += 1
        name = f"worker-{self._started}"
        with (self._log_dir / f"demo-{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603 - our own program
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self._environment, WORKER_NAME: name},
                start_new_session=True,  # Ctrl-C is for the demo, which then stops them.
            )
        return name

    def take_killed(self) -> list[str]:
        """The workers that were killed since the last call."""
        names = [name for name, code in self._exit_codes() if code == -signal.SIGKILL]
        for name in names:
            self._remove(name)
        return names

    def ended(self) -> list[str]:
        """The workers that ended in another way, which none should."""
        return [name for name, code in self._exit_codes() if code != -signal.SIGKILL]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            process.terminate()
        for name, process in list(self._processes.items()):
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._remove(name)

    def _exit_codes(self) -> list[tuple[str, int]]:
        codes = [(name, process.poll()) for name, process in self._processes.items()]
        return [(name, code) for name, code in codes if code is not None]

    def _remove(self, name: str) -> None:
        process = self._processes.pop(name)
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
