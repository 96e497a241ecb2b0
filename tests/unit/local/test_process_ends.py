"""The main functions of the local cloud's processes, run in this process as far as possible."""

import gc
import io
import json
import os
import signal
import sys
import threading
from contextlib import contextmanager

import pytest

from forgeledger.local import engine_process, frames, function_main, supervisor
from forgeledger.local.engine_process import SCRATCH_PREFIX, SCRATCH_VARIABLE


@pytest.fixture
def kills(monkeypatch):
    sent = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


def join_parent_watch():
    for thread in threading.enumerate():
        if thread.name == "parent-watch":
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture
def parent_pipe(monkeypatch, kills):
    """A standard input whose other end the test holds; its watching thread is joined."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as stdin, os.fdopen(writing, "wb") as parent:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield parent
        parent.close()
        join_parent_watch()


def test_the_engine_asks_itself_to_stop_when_its_parent_is_gone(parent_pipe, kills):
    gone = threading.Event()
    thread = engine_process.end_with_parent(gone)
    before = list(kills)

    parent_pipe.close()
    thread.join(60)

    assert before == []
    assert kills == [(os.getpid(), signal.SIGTERM)]
    assert gone.is_set()


@pytest.mark.parametrize("parent_leaves", [True, False])
def test_the_engine_tidies_up_only_if_no_parent_is_left_to_do_so(
    parent_pipe, kills, monkeypatch, tmp_path, parent_leaves
):
    scratch = tmp_path / f"{SCRATCH_PREFIX}1"
    scratch.mkdir()
    monkeypatch.setenv(SCRATCH_VARIABLE, str(scratch))
    monkeypatch.setattr(sys, "argv", ["x"])
    seen = []

    def serve(module, run_name):
        seen.append((module, run_name, list(sys.argv)))
        if parent_leaves:
            parent_pipe.close()
            join_parent_watch()

    monkeypatch.setattr("runpy.run_module", serve)
    monkeypatch.setattr(engine_process, "collect_on_timer", lambda _: None)
    engine_process.main()

    assert seen == [("ministack", "__main__", ["ministack"])]
    assert scratch.exists() is not parent_leaves


class Ending:
    """An event that is set at the third wait."""

    def __init__(self):
        self.pauses = []

    def wait(self, seconds):
        self.pauses.append(seconds)
        return len(self.pauses) == 3


def test_the_engine_collects_garbage_by_the_clock_alone(monkeypatch):
    collected, ending = [], Ending()
    monkeypatch.setattr(gc, "collect", lambda: collected.append(len(ending.pauses)))
    monkeypatch.setattr(gc, "freeze", lambda: None)

    try:
        engine_process.collect_on_timer(ending).join(60)
        enabled = gc.isenabled()
    finally:
        gc.enable()

    assert not enabled
    assert collected == [1, 2]
    assert ending.pauses == [engine_process.COLLECT_SECONDS] * 3


@contextmanager
def standard_output(path):
    """Redirect standard output, and restore the descriptors that the code under test replaced."""
    saved = [os.dup(number) for number in range(3)]
    with path.open("wb") as output:
        os.dup2(output.fileno(), 1)
    try:
        yield
    finally:
        for number, copy in enumerate(saved):
            os.dup2(copy, number)
            os.close(copy)


def test_a_worker_says_that_it_is_ready_and_serves(monkeypatch, tmp_path):
    (tmp_path / "some_app.py").write_text("def handler(event, context): return 7")
    monkeypatch.setenv("_HANDLER", "some_app.handler")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    served = []
    monkeypatch.setattr(
        function_main, "serve", lambda handler, *pipes: served.append(handler({}, None))
    )

    with standard_output(tmp_path / "out"):
        function_main.main()

    assert frames.read(io.BytesIO((tmp_path / "out").read_bytes())) == {"ready": True}
    assert served == [7]


def test_a_worker_says_why_its_handler_cannot_be_imported(monkeypatch, tmp_path):
    monkeypatch.setenv("_HANDLER", "no_such_module.handler")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))

    with standard_output(tmp_path / "out"), pytest.raises(SystemExit):
        function_main.main()

    answer = frames.read(io.BytesIO((tmp_path / "out").read_bytes()))
    assert answer["error"]["errorType"] == "ModuleNotFoundError"


def test_a_supervisor_takes_its_order_and_ends_on_a_signal(monkeypatch, tmp_path):
    order = supervisor.Order(project_dir="/p", state_dir=str(tmp_path))
    (tmp_path / "logs").mkdir()
    handlers, switch = {}, sys.getswitchinterval()
    monkeypatch.setattr(sys, "argv", ["supervisor", order.as_text()])
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)

    def supervise(given, report, ending):
        report.write(json.dumps(given == order))
        report.close()
        handlers[signal.SIGTERM](signal.SIGTERM, None)
        return 0 if ending.wait(0) else 1

    monkeypatch.setattr(supervisor, "supervise", supervise)
    with standard_output(tmp_path / "out"), pytest.raises(SystemExit) as ended:
        supervisor.main()
    sys.setswitchinterval(switch)

    assert ended.value.code == 0
    assert (tmp_path / "out").read_text() == "true"
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} <= handlers.keys()
