"""The background commands when the local cloud does not start, and parts of it when it does."""

import importlib.util
import selectors
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from forgeledger.local import control
from forgeledger.local.local_cloud import LocalCloud, if_free
from forgeledger.local.stack import Schedule

PROJECT = Path(__file__).parents[2] / "fixtures" / "local"


def program(text):
    return subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE)


def test_a_supervisor_that_dies_without_a_word_is_an_error():
    assert "did not start" in control._first_line(program("pass"))["error"]


def test_a_supervisor_that_reports_an_error_is_waited_for():
    supervisor = program("""print('{"error": "why"}')""")

    assert control._first_line(supervisor) == {"error": "why"}
    assert supervisor.returncode == 0


def test_ctrl_c_while_waiting_ends_the_supervisor_too(monkeypatch):
    supervisor = program("import time; time.sleep(600)")

    def interrupt(self, timeout=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(selectors.DefaultSelector, "select", interrupt)
    with pytest.raises(KeyboardInterrupt):
        control._first_line(supervisor)
    monkeypatch.undo()

    assert supervisor.wait(60) != 0


def test_a_supervisor_that_does_not_end_is_reported(monkeypatch, tmp_path):
    monkeypatch.setattr(control, "DOWN_SECONDS", 0)
    monkeypatch.setattr(control.StateDir, "owner", lambda self: 12345)
    monkeypatch.setattr("os.kill", lambda pid, number: None)

    with pytest.raises(control.LocalCloudError, match="12345"):
        control.down(project_dir=PROJECT, state_dir=tmp_path)


def test_the_state_is_next_to_the_template_unless_given(tmp_path):
    assert control.state_of(PROJECT).root == PROJECT / ".forgeledger"
    assert control.state_of(PROJECT, tmp_path).root == tmp_path
    assert control.status(project_dir=PROJECT) is None


@pytest.mark.parametrize("missing", ["ministack", "samtranslator", "aws_lambda_powertools"])
def test_a_package_that_only_child_processes_import_is_missed_before_they_start(
    missing, monkeypatch, tmp_path
):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else find_spec(name)
    )

    with pytest.raises(ModuleNotFoundError) as error:
        control.up(state_dir=tmp_path / "state")

    assert error.value.name == missing
    assert not (tmp_path / "state").exists()


def test_a_local_cloud_that_is_not_up_has_no_description(tmp_path):
    local = LocalCloud(project_dir=PROJECT, state_dir=tmp_path)

    with pytest.raises(RuntimeError, match="not running"):
        _ = local.description
    local.stop()


def test_a_schedule_that_does_not_run_here_is_said_and_left_out(tmp_path, caplog):
    local = LocalCloud(project_dir=PROJECT, state_dir=tmp_path)
    schedule = Schedule(name="noon", function="f", expression="cron(0 12 * * ? *)", payload={})

    assert local._schedule_runner(schedule) == []
    assert "noon" in caplog.text


def test_a_port_that_is_taken_is_not_asked_for_again():
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]

        assert if_free(taken) == 0
    assert if_free(0) == 0
