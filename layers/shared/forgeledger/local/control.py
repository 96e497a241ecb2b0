"""What `forgeledger local` up, down, status, reset and logs call."""

import contextlib
import importlib.util
import io
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from forgeledger.errors import ForgeLedgerError
from forgeledger.local.local_cloud import if_free
from forgeledger.local.state_dir import StateDir, default_state_dir, find_project
from forgeledger.local.supervisor import Order
from forgeledger.local.template import load_template
from forgeledger.local_description import Description

__all__ = [
    "Description",
    "LocalCloudError",
    "LogNotFound",
    "down",
    "if_free",
    "log_files",
    "logs",
    "reset",
    "status",
    "template_parameters",
    "up",
]
UP_SECONDS: Final = 180.0
DOWN_SECONDS: Final = 60.0


class LocalCloudError(ForgeLedgerError):
    """The local cloud did not start or stop; the message names the logs."""


class LogNotFound(LocalCloudError):
    """There is no log of this name; the message lists the logs."""


def state_of(project_dir: Path | None = None, state_dir: Path | None = None) -> StateDir:
    return StateDir(state_dir or default_state_dir(find_project(project_dir)))


def up(
    *,
    project_dir: Path | None = None,
    state_dir: Path | None = None,
    engine_port: int = 0,
    api_port: int = 0,
    parameters: Mapping[str, str] | None = None,
) -> Description:
    """Start the local cloud in the background, unless it is running already."""
    project = find_project(project_dir)
    state = state_of(project, state_dir)
    if running := state.description():
        return running
    _check_packages()
    state.logs.mkdir(parents=True, exist_ok=True)
    order = Order(
        project_dir=str(project),
        state_dir=str(state.root.resolve()),
        engine_port=engine_port,
        api_port=api_port,
        parameters=dict(parameters or {}),
    )
    answer = _first_line(_spawn(order, state.logs / "supervisor.log"))
    if "error" in answer:
        raise LocalCloudError(f"{answer['error']} (see {state.logs})")
    return Description.from_json(answer)


def down(*, project_dir: Path | None = None, state_dir: Path | None = None) -> bool:
    """Stop the local cloud so that it saves its data; False if none was running."""
    state = state_of(project_dir, state_dir)
    owner = state.owner()
    if owner is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(owner, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while state.owner() == owner:
        if time.monotonic() > deadline:
            raise LocalCloudError(f"process {owner} did not end; see {state.logs}")
        time.sleep(0.05)
    return True


def status(*, project_dir: Path | None = None, state_dir: Path | None = None) -> Description | None:
    """Addresses and names of the running local cloud, or None."""
    return state_of(project_dir, state_dir).description()


def template_parameters(project_dir: Path | None = None) -> dict[str, Mapping[str, Any]]:
    """The template's parameter declarations by name."""
    file = find_project(project_dir) / "template.yaml"
    return dict(load_template(file.read_text(encoding="utf-8")).get("Parameters", {}))


def reset(*, project_dir: Path | None = None, state_dir: Path | None = None) -> None:
    """Stop the local cloud and delete its data."""
    down(project_dir=project_dir, state_dir=state_dir)
    state = state_of(project_dir, state_dir)
    if state.was_used:
        state.acquire()  # An engine whose owner was killed may still be writing.
        state.wipe()
        state.release()


def log_files(*, project_dir: Path | None = None, state_dir: Path | None = None) -> dict[str, Path]:
    """The log files by name: engine, supervisor, and each function."""
    logs_dir = state_of(project_dir, state_dir).logs
    return {path.stem: path for path in sorted(logs_dir.glob("*.log"))}


def logs(
    *,
    name: str | None = None,
    lines: int = 100,
    project_dir: Path | None = None,
    state_dir: Path | None = None,
) -> list[str]:
    """The last lines of one log or of all, each line with the log's name."""
    files = log_files(project_dir=project_dir, state_dir=state_dir)
    if name is not None and name not in files:
        raise LogNotFound(f"no log called {name}; there are: {', '.join(files) or 'none'}")
    tails: list[str] = []
    for log_name, path in files.items():
        if name in {None, log_name}:
            with path.open(encoding="utf-8", errors="replace") as log:
                tails += [f"{log_name}: {line.rstrip()}" for line in deque(log, maxlen=lines)]
    return tails


def _check_packages() -> None:
    """Child processes import them; that they are missing would stand in their logs alone."""
    for name in ("ministack", "samtranslator", "aws_lambda_powertools", "pydantic"):
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _spawn(order: Order, log_file: Path) -> "subprocess.Popen[bytes]":
    with log_file.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "forgeledger.local.supervisor", order.as_text()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # It outlives the terminal.
        )


def _first_line(supervisor: "subprocess.Popen[bytes]") -> dict[str, str]:
    """The supervisor's report; Ctrl-C while waiting ends the supervisor too."""
    try:
        with selectors.DefaultSelector() as selector, supervisor.stdout or io.BytesIO() as report:
            selector.register(report, selectors.EVENT_READ)
            line = report.readline() if selector.select(UP_SECONDS) else b""
    except BaseException:
        supervisor.terminate()
        raise
    if not line:
        supervisor.terminate()
        return {"error": "the local cloud did not start"}
    answer: dict[str, str] = json.loads(line)
    if "error" in answer:
        supervisor.wait()
    return answer
