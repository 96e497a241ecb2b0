"""The worker processes of the demo: started, replaced when killed, and ended with the demo."""

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


class Crew:
    def __init__(self, environment: Mapping[str, str], log_dir: Path) -> None:
        self._environment = environment
        self._log_dir = log_dir
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._hired = 0

    def hire(self) -> str:
        """Start one more worker and return its name."""
        self._hired += 1
        name = f"worker-{self._hired}"
        with (self._log_dir / f"demo-{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603 - our own program
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self._environment, WORKER_NAME: name},
                start_new_session=True,  # Ctrl-C is for the demo, which then ends them.
            )
        return name

    def fallen(self) -> list[str]:
        """Those that were killed since the last look."""
        names = [name for name, code in self._ended() if code == -signal.SIGKILL]
        for name in names:
            self._discharge(name)
        return names

    def lost(self) -> list[str]:
        """Those that ended otherwise, which none should."""
        return [name for name, code in self._ended() if code != -signal.SIGKILL]

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
            self._discharge(name)

    def _ended(self) -> list[tuple[str, int]]:
        codes = [(name, process.poll()) for name, process in self._processes.items()]
        return [(name, code) for name, code in codes if code is not None]

    def _discharge(self, name: str) -> None:
        process = self._processes.pop(name)
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
