"""How the engine's owner handles an engine that misbehaves."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from forgeledger.local import engine as engine_module
from forgeledger.local.engine import Engine, EngineError, client_environment, unproxied
from forgeledger.local.engine_process import SCRATCH_PREFIX, remove_scratch


class StubbornProcess:
    """A process that ends only when it is killed."""

    pid, stdin = 7, None

    def __init__(self):
        self.killed = False

    def poll(self):
        return -9 if self.killed else None

    def wait(self, timeout=None):
        if not self.killed:
            raise subprocess.TimeoutExpired("engine", timeout)
        return -9

    def kill(self):
        self.killed = True


@pytest.fixture
def stubborn(tmp_path):
    engine = Engine()
    engine._process = StubbornProcess()
    engine._scratch = tmp_path / f"{SCRATCH_PREFIX}test"
    return engine, engine._process


def test_an_engine_that_does_not_end_is_killed(stubborn):
    engine, process = stubborn

    engine.stop()

    assert process.killed
    assert not engine.running
    assert engine.pid is None


def test_stopping_twice_is_harmless(stubborn):
    engine, _ = stubborn

    engine.stop()
    engine.stop()
    engine.kill()

    assert not engine.running


def test_an_engine_that_never_answers_is_given_up(stubborn, monkeypatch):
    engine, _ = stubborn
    monkeypatch.setattr(engine_module, "START_SECONDS", 0.1)

    assert engine._wait_until_ready() is False


def test_an_engine_that_accepts_and_says_nothing_does_not_answer(stubborn):
    engine, _ = stubborn
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine.port = silent.getsockname()[1]
        silent.close()

        assert engine._answers() is False


def test_why_it_did_not_start_is_read_from_its_log(tmp_path):
    engine = Engine()
    engine._log_path = tmp_path / "engine.log"
    without = engine._log_tail()
    engine._log_path.write_text("")
    empty = engine._log_tail()
    engine._log_path.write_text("a\n  b\n")

    assert without == "it left no log"
    assert empty == "its log is empty"
    assert engine._log_tail() == "a | b"


def test_a_port_that_was_taken_meanwhile_is_given_up_after_some_attempts(monkeypatch):
    engine = Engine()
    spawned = []
    monkeypatch.setattr(Engine, "_spawn", lambda self: spawned.append(self.port))
    monkeypatch.setattr(Engine, "_wait_until_ready", lambda self: False)

    with pytest.raises(EngineError):
        engine.start()

    assert len(spawned) == 3


def test_nothing_of_the_users_settings_reaches_the_engine(tmp_path):
    engine = Engine(data_dir=tmp_path)
    inherited = {
        "AWS_PROFILE": "mine",
        "LOCALSTACK_HOST": "x",
        "LAMBDA_EXECUTOR": "docker",
        "EDGE_PORT": "1",
        "SERVICES": "s3",
        "PATH": "/bin",
    }

    environment = engine._environment(inherited, Path("/scratch"))

    assert environment["PATH"] == "/bin"
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert environment["STATE_DIR"] == str(tmp_path / "state")
    assert set(inherited) - set(environment) == set(inherited) - {"PATH"}


def test_clients_get_made_up_credentials_only():
    environment = client_environment("http://127.0.0.1:1")

    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_SECRET_ACCESS_KEY"] == "test"
    assert os.environ.keys() != environment.keys()


@pytest.mark.parametrize(
    ("inherited", "hosts"),
    [
        ({}, "127.0.0.1"),
        ({"NO_PROXY": "intranet"}, "intranet,127.0.0.1"),
        ({"NO_PROXY": "unseen", "no_proxy": "intranet"}, "intranet,127.0.0.1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_child_processes_ask_no_proxy_for_what_is_on_loopback(inherited, hosts):
    assert unproxied(inherited) == {"NO_PROXY": hosts, "no_proxy": hosts}
    assert client_environment("http://127.0.0.1:1").keys() >= {"NO_PROXY", "no_proxy"}


@pytest.mark.parametrize("folder", [Path(), Path("/srv"), Path("forgeledger-engine-1")])
def test_a_folder_that_was_not_made_as_scratch_is_never_removed(folder):
    with pytest.raises(ValueError, match="not a scratch folder"):
        remove_scratch(folder)


def test_an_engine_that_never_started_removes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "unrelated").touch()

    Engine().stop()

    assert (tmp_path / "unrelated").exists()
