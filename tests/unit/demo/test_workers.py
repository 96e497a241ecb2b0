"""Processes that do nothing but wait stand in for workers."""

import signal
import sys

import pytest

from forgeledger.demo import workers
from forgeledger.demo.workers import Crew

WAITS = "import sys; sys.stdin.read()"
STUBBORN = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); sys.stdin.read()\nwhile True: signal.pause()"
)


@pytest.fixture
def working(monkeypatch):
    def run(program):
        monkeypatch.setattr(workers, "_COMMAND", (sys.executable, "-c", program))

    run(WAITS)
    return run


def test_workers_are_hired_missed_when_killed_and_ended_with_the_crew(working, tmp_path):
    with Crew({}, tmp_path) as crew:
        names = [crew.hire(), crew.hire(), crew.hire()]
        processes = dict(crew._processes)
        processes["worker-1"].kill()
        processes["worker-1"].wait()
        fallen, again, lost = crew.fallen(), crew.fallen(), crew.lost()

    codes = {name: process.returncode for name, process in processes.items()}
    assert names == ["worker-1", "worker-2", "worker-3"]
    assert (fallen, again, lost) == (["worker-1"], [], [])
    assert codes["worker-1"] == -signal.SIGKILL
    assert codes["worker-2"] is not None
    assert (tmp_path / "demo-worker-1.log").exists()


def test_one_that_ends_by_itself_is_told(working, tmp_path):
    working("pass")
    with Crew({}, tmp_path) as crew:
        name = crew.hire()
        crew._processes[name].wait()

        assert (crew.fallen(), crew.lost()) == ([], [name])


def test_one_that_does_not_want_to_end_is_killed(working, tmp_path, monkeypatch):
    working(STUBBORN)
    monkeypatch.setattr(workers, "_END_SECONDS", 0.1)
    log = tmp_path / "demo-worker-1.log"
    with Crew({}, tmp_path) as crew:
        process = crew._processes[crew.hire()]
        while not log.read_text(encoding="utf-8"):
            pass

    assert process.returncode == -signal.SIGKILL
