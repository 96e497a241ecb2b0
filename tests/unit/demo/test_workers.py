"""Processes that only wait take the place of workers."""

import signal
import sys

import pytest

from forgeledger.demo import workers
from forgeledger.demo.workers import WorkerProcesses

WAITS = "import sys; sys.stdin.read()"
STUBBORN = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); sys.stdin.read()\nwhile True: signal.pause()"
)


@pytest.fixture
def program(monkeypatch):
    def set_program(code):
        monkeypatch.setattr(workers, "_COMMAND", (sys.executable, "-c", code))

    set_program(WAITS)
    return set_program


def test_workers_are_hired_missed_when_killed_and_ended_with_the_crew(program, tmp_path):
    with WorkerProcesses({}, tmp_path) as started:
        names = [started.start(), started.start(), started.start()]
        processes = dict(started._processes)
        processes["worker-1"].kill()
        processes["worker-1"].wait()
        killed, again, ended = started.take_killed(), started.take_killed(), started.ended()

    codes = {name: process.returncode for name, process in processes.items()}
    assert names == ["worker-1", "worker-2", "worker-3"]
    assert (killed, again, ended) == (["worker-1"], [], [])
    assert codes["worker-1"] == -signal.SIGKILL
    assert codes["worker-2"] is not None
    assert (tmp_path / "demo-worker-1.log").exists()


def test_one_that_ends_by_itself_is_reported(program, tmp_path):
    program("pass")
    with WorkerProcesses({}, tmp_path) as started:
        name = started.start()
        started._processes[name].wait()

        assert (started.take_killed(), started.ended()) == ([], [name])


def test_one_that_does_not_want_to_end_is_killed(program, tmp_path, monkeypatch):
    program(STUBBORN)
    monkeypatch.setattr(workers, "_END_SECONDS", 0.1)
    log = tmp_path / "demo-worker-1.log"
    with WorkerProcesses({}, tmp_path) as started:
        process = started._processes[started.start()]
        while not log.read_text(encoding="utf-8"):
            pass

    assert process.returncode == -signal.SIGKILL
