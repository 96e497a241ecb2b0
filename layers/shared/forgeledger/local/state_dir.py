"""The folder `.forgeledger`: data, logs, checkpoints, ports, the owner's lock, `local.json`."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from forgeledger.errors import ForgeLedgerError
from forgeledger.local_description import (
    DEPLOYMENT,
    FILE_NAME,
    PACKAGE_PROJECT,
    STATE_DIR_NAME,
    Description,
    user_state_dir,
)

SAVING_SECONDS: Final = 30.0
_RESOURCES: Final = frozenset({"CommandQueue", "LedgerTable", "IntakeFunction", "RelayFunction"})
_NAMES: Final = re.compile(r"^\s+(\w+):", re.MULTILINE)


class AlreadyRunning(ForgeLedgerError):
    """Another process runs a local cloud on this folder."""


class ProjectNotFound(ForgeLedgerError):
    """There is no template of ForgeLedger in this folder, above it, or with the package."""


def find_project(start: Path | None = None) -> Path:
    """The nearest folder with ForgeLedger's template: this one, above, or the package's own."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, PACKAGE_PROJECT):
        if (folder / "functions").is_dir() and _is_ours(folder / "template.yaml"):
            return folder
    raise ProjectNotFound(
        f"no template.yaml of ForgeLedger with a folder functions in {here} or above"
    )


def default_state_dir(project: Path) -> Path:
    """Where the local cloud of a project holds its state; that of the wheel is the user's."""
    return user_state_dir(os.environ) if project == DEPLOYMENT else project / STATE_DIR_NAME


def _is_ours(template: Path) -> bool:
    """Whether the file names our resources: other projects have a template.yaml, too.

    It searches the text, since every command calls this and parsing takes far longer.
    """
    if not template.is_file():
        return False
    text = template.read_text(encoding="utf-8", errors="replace")
    return set(_NAMES.findall(text)) >= _RESOURCES


class StateDir:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"
        self.logs = root / "logs"
        self.checkpoints = root / "checkpoints"
        self._description = root / FILE_NAME
        self._ports = root / "ports.json"
        self._lock_path = root / "lock"
        self._lock: IO[str] | None = None

    def acquire(self) -> None:
        """Lock this folder until `release` or the end of the process.

        The engine holds the lock, too: if its owner is killed, it still saves its state, and the
        next owner waits for that.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        # The engine stores parameters as they are, with an API key if there is one.
        self.root.chmod(0o700)
        lock = self._lock_path.open("a+", encoding="utf-8")
        deadline = time.monotonic() + SAVING_SECONDS
        while not _try_lock(lock, fcntl.LOCK_EX):
            if self.owner() is not None or time.monotonic() > deadline:
                lock.close()
                raise AlreadyRunning(f"a local cloud already runs on {self.root}")
            time.sleep(0.05)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        for folder in (self.data, self.logs, self.checkpoints):
            folder.mkdir(exist_ok=True)

    @property
    def lock_descriptors(self) -> tuple[int, ...]:
        """Descriptors that the engine has to hold open to lock the folder while it saves."""
        return (self._lock.fileno(),) if self._lock else ()

    @property
    def was_used(self) -> bool:
        return self._lock_path.is_file()

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def owner(self) -> int | None:
        """The id of the running process that holds the lock; a stale id does not count."""
        try:
            lock = self._lock_path.open("r", encoding="utf-8")
        except FileNotFoundError:
            return None
        with lock:
            if _try_lock(lock, fcntl.LOCK_SH):
                return None
            text = lock.read().strip()
            return int(text) if text.isdigit() and _is_alive(int(text)) else None

    def describe(self, description: Description) -> None:
        scratch = self._description.with_suffix(".new")
        scratch.write_text(json.dumps(description.as_json(), indent=2) + "\n", encoding="utf-8")
        scratch.replace(self._description)

    def remove_description(self) -> None:
        self._description.unlink(missing_ok=True)

    def description(self) -> Description | None:
        """The running cloud's description, or None; a file left by a crash does not count."""
        if self.owner() is None:
            return None
        try:
            return Description.read(self._description)
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def ports(self) -> dict[str, int]:
        """The ports of the last run."""
        try:
            stored: Any = json.loads(self._ports.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return {str(name): int(port) for name, port in stored.items()}

    def remember_ports(self, ports: Mapping[str, int]) -> None:
        self._ports.write_text(json.dumps(ports), encoding="utf-8")

    def wipe(self) -> None:
        """Delete everything but the logs, if a local cloud ever ran on this folder."""
        if not self.was_used:
            return
        for folder in (self.data, self.checkpoints):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self._description, self._ports):
            file.unlink(missing_ok=True)


def _try_lock(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # Reap it if it is a child that has ended.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # Another user's process, but alive.
    return True
