"""Functions in real processes, since what is tested is how a process ends."""

import os
import signal
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from forgeledger.local import frames
from forgeledger.local.function_pool import FunctionPool
from forgeledger.local.function_process import (
    FunctionProcess,
    InvocationFailed,
    function_environment,
)
from forgeledger.local.stack import Function

HANDLER = """
import os, sys, time

def handler(event, context):
    print("seen", event)
    match event.get("do"):
        case "raise":
            raise LookupError("not here")
        case "exit":
            sys.exit(3)
        case "kill":
            os.kill(os.getpid(), 9)
        case "hang":
            time.sleep(600)
        case "unjsonable":
            return {1, 2}
        case "context":
            return {
                "function": context.function_name,
                "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb,
                "request": context.aws_request_id,
                "remaining": context.get_remaining_time_in_millis() > 0,
                "version": context.function_version,
                "identity": context.identity.cognito_identity_id,
                "stream": "[$LATEST]" in context.log_stream_name,
            }
        case "pid":
            return os.getpid()
    return {"event": event, "variables": dict(os.environ)}
"""


@pytest.fixture
def function_of(tmp_path: Path):
    def build(source=HANDLER, *, timeout_seconds=30.0, handler="app.handler"):
        folder = tmp_path / "function"
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text(textwrap.dedent(source))
        return Function(
            logical_id="Intake",
            name="stack-Intake-1",
            arn="arn:aws:lambda:us-east-1:000000000000:function:stack-Intake-1",
            source=folder,
            handler=handler,
            timeout_seconds=timeout_seconds,
            memory_mb=256,
            environment={"TABLE": "t"},
        )

    return build


@pytest.fixture
def pool_of(function_of, tmp_path: Path):
    pools = []

    def build(concurrency=1, after=lambda: None, **options):
        client = {"AWS_REGION": "us-east-1"}
        settings = {"client": client, "log_dir": tmp_path, "concurrency": concurrency}
        pool = FunctionPool(function_of(**options), after=after, **settings)
        pools.append(pool)
        return pool

    yield build
    for pool in pools:
        pool.close()


def failure_of(pool, event):
    with pytest.raises(InvocationFailed) as caught:
        pool.invoke(event, "r-1")
    return caught.value


def test_a_handler_gets_its_event_and_the_functions_environment(pool_of, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("FORGELEDGER_TABLE", "mine")

    answer = pool_of().invoke({"x": 1})

    variables = answer["variables"]
    assert answer["event"] == {"x": 1}
    assert variables["TABLE"] == "t"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "stack-Intake-1"
    assert variables["AWS_REGION"] == "us-east-1"
    assert {"AWS_PROFILE", "FORGELEDGER_TABLE"}.isdisjoint(variables)


def test_a_caller_learns_that_a_function_ended_however_it_ended(pool_of):
    ended = []
    pool = pool_of(after=lambda: ended.append(len(ended)))

    pool.invoke({})
    failure_of(pool, {"do": "raise"})

    assert ended == [0, 1]


def test_a_handler_gets_a_context(pool_of):
    answer = pool_of().invoke({"do": "context"}, "r-9")

    assert answer == {
        "function": "stack-Intake-1",
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:stack-Intake-1",
        "memory": "256",
        "request": "r-9",
        "remaining": True,
        "version": "$LATEST",
        "identity": None,
        "stream": True,
    }


def test_an_exception_is_the_functions_error_and_the_worker_lives_on(pool_of):
    pool = pool_of()
    first = pool.invoke({"do": "pid"})

    failure = failure_of(pool, {"do": "raise"})

    assert (failure.kind, failure.message) == ("LookupError", "not here")
    assert any("handler" in line for line in failure.trace)
    assert pool.invoke({"do": "pid"}) == first


def test_a_response_that_is_not_json_is_an_error(pool_of):
    assert failure_of(pool_of(), {"do": "unjsonable"}).kind == "Runtime.MarshalError"


@pytest.mark.parametrize(("way", "how"), [("exit", "exit status 3"), ("kill", "signal: 9")])
def test_a_process_that_ends_is_a_crash_and_is_replaced(pool_of, way, how):
    pool = pool_of()

    failure = failure_of(pool, {"do": way})

    assert failure.kind == "Runtime.ExitError"
    assert how in failure.message
    assert pool.invoke({"x": 1})["event"] == {"x": 1}


def test_a_handler_over_its_time_is_killed(pool_of):
    pool = pool_of(timeout_seconds=0.3)

    failure = failure_of(pool, {"do": "hang"})

    assert failure.kind == "Sandbox.Timedout"
    assert "Task timed out after 0.30 seconds" in failure.message
    assert pool.pids() == []


def test_a_worker_that_was_killed_while_idle_is_replaced(pool_of):
    pool = pool_of()
    pool.warm()
    (pid,) = pool.pids()

    os.kill(pid, signal.SIGKILL)
    while pool.pids():
        time.sleep(0.01)

    assert pool.invoke({"x": 1})["event"] == {"x": 1}


@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("import nothing_of_that_name", "app.handler", "ModuleNotFoundError"),
        ("x = 1", "app.handler", "AttributeError"),
        ("raise SystemExit(4)", "app.handler", "Runtime.ExitError"),
    ],
)
def test_a_handler_that_cannot_be_imported_is_found_when_warming(pool_of, source, handler, kind):
    pool = pool_of(source=source, handler=handler)

    with pytest.raises(InvocationFailed) as caught:
        pool.warm()

    assert caught.value.kind == kind


def test_what_a_handler_prints_is_in_its_log(pool_of, tmp_path):
    pool_of().invoke({"x": 1})

    assert "seen {'x': 1}" in (tmp_path / "Intake.log").read_text()


class InterruptedOnce:
    """Interrupts the first wait for an answer, like Ctrl-C."""

    def __init__(self, answers):
        self.answers = answers
        self.interrupts = [KeyboardInterrupt]

    def read(self, deadline):
        if self.interrupts:
            raise self.interrupts.pop()
        return self.answers.read(deadline)


def test_an_invocation_that_was_interrupted_does_not_leave_its_answer_to_the_next(pool_of):
    pool = pool_of()
    pool.warm()
    pool._idle[0]._answers = InterruptedOnce(pool._idle[0]._answers)
    with pytest.raises(KeyboardInterrupt):
        pool.invoke({"n": "first"})

    answer = pool.invoke({"n": "second"})

    assert answer["event"] == {"n": "second"}


def test_invocations_run_side_by_side_up_to_the_concurrency(pool_of):
    pool = pool_of(concurrency=2)
    pids = []
    threads = [
        threading.Thread(target=lambda: pids.append(pool.invoke({"do": "pid"}))) for _ in range(6)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(pids) == 6
    assert len(set(pids)) <= 2


def test_closing_ends_an_invocation_in_flight_as_a_crash(pool_of):
    pool = pool_of()
    failures = []
    thread = threading.Thread(target=lambda: failures.append(failure_of(pool, {"do": "hang"})))
    pool.warm()
    thread.start()
    while pool._idle:
        time.sleep(0.01)

    pool.close()
    thread.join()

    assert failures[0].kind in {"Runtime.ExitError", "Closed"}
    assert failure_of(pool, {}).kind == "Closed"


def test_the_concurrency_follows_the_machine_unless_given(function_of, tmp_path):
    assert FunctionPool(function_of(), client={}, log_dir=tmp_path).concurrency >= 2


def test_a_worker_ends_when_its_owner_is_gone(function_of, tmp_path):
    function = function_of()
    environment = function_environment(function, os.environ, {})
    process = FunctionProcess(function, environment, tmp_path / "log")
    process.wait_until_ready()

    process._process.stdin.close()

    assert process._process.wait(60) == 0
    process.end()


def test_a_reader_gives_up_at_its_deadline_and_at_the_end():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as pipe, os.fdopen(writing, "wb") as other:
        reader = frames.TimedReader(pipe)

        with pytest.raises(frames.ReplyTimeout):
            reader.read(time.monotonic())
        frames.write(other, {"a": 1})
        assert reader.read(time.monotonic() + 60) == {"a": 1}
        other.close()
        with pytest.raises(frames.PipeClosed):
            reader.read(time.monotonic() + 60)
        with pytest.raises(frames.PipeClosed):
            frames.write(other, {})


def test_the_interpreter_is_the_one_that_runs_the_local_cloud(pool_of):
    pool = pool_of(source="import sys\ndef handler(event, context): return sys.executable")

    assert pool.invoke({}) == sys.executable
