"""The state folder: one owner at a time, and stale files do not count."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from forgeledger.local.state_dir import (
    AlreadyRunning,
    ProjectNotFound,
    StateDir,
    _is_alive,
    default_state_dir,
    find_project,
)
from forgeledger.local_description import DEPLOYMENT, Description, user_state_dir

ROOT = Path(__file__).parents[3]
FIXTURE = ROOT / "tests" / "fixtures" / "local"
DESCRIPTION = Description(
    endpoint_url="http://127.0.0.1:1",
    region="us-east-1",
    api_url="http://127.0.0.1:2",
    command_queue_url="c",
    reject_queue_url="r",
    work_queue_url="w",
    table_name="t",
    event_bus_name="b",
    stream_arn="s",
)


@pytest.fixture
def state(tmp_path):
    state = StateDir(tmp_path / ".forgeledger")
    yield state
    state.release()


def test_the_description_has_the_agreed_names():
    assert set(DESCRIPTION.as_json()) == {
        "endpointUrl",
        "region",
        "apiUrl",
        "commandQueueUrl",
        "rejectQueueUrl",
        "workQueueUrl",
        "tableName",
        "eventBusName",
        "streamArn",
    }
    assert Description.from_json(DESCRIPTION.as_json()) == DESCRIPTION


def test_a_folder_has_one_owner(state):
    state.acquire()

    with pytest.raises(AlreadyRunning):
        StateDir(state.root).acquire()

    assert StateDir(state.root).owner() == os.getpid()
    state.release()
    state.release()
    assert state.owner() is None


def test_no_other_user_of_the_machine_can_read_what_the_engine_stores(state):
    state.root.mkdir(parents=True, mode=0o755, exist_ok=True)

    state.acquire()

    assert state.root.stat().st_mode & 0o077 == 0


def test_a_description_without_an_owner_does_not_count(state):
    state.acquire()
    state.describe(DESCRIPTION)
    while_up = state.description()

    state.release()

    assert while_up == DESCRIPTION
    assert state.description() is None


@pytest.mark.parametrize("content", ["", "{", "{}"])
def test_a_description_that_is_not_whole_does_not_count(state, content):
    state.acquire()
    (state.root / "local.json").write_text(content)

    assert state.description() is None


def test_a_folder_that_was_never_used_has_neither_owner_nor_ports(state):
    assert state.owner() is None
    assert state.description() is None
    assert state.ports() == {}


def test_ports_are_remembered_until_the_folder_is_wiped(state):
    state.acquire()
    state.describe(DESCRIPTION)
    state.remember_ports({"api": 1})
    (state.logs / "engine.log").write_text("why")
    before = state.ports()

    state.wipe()

    assert before == {"api": 1}
    assert state.ports() == {}
    assert not state.data.exists()
    assert (state.logs / "engine.log").exists()


def test_a_folder_that_no_local_cloud_ever_ran_on_is_not_wiped(tmp_path):
    (tmp_path / "data").mkdir()

    StateDir(tmp_path).wipe()

    assert (tmp_path / "data").exists()


def test_the_project_is_found_from_below_and_from_the_package(tmp_path):
    (tmp_path / "functions" / "intake").mkdir(parents=True)
    shutil.copy(FIXTURE / "template.yaml", tmp_path)

    assert find_project(tmp_path / "functions" / "intake") == tmp_path
    assert find_project(ROOT / "layers") == ROOT
    assert find_project(Path("/")) == ROOT


def test_a_template_of_somebody_elses_is_no_project_of_ours(tmp_path):
    (tmp_path / "functions").mkdir()
    (tmp_path / "template.yaml").write_text("Resources:\n  CommandQueue:\n    Type: Theirs\n")

    assert find_project(tmp_path) == ROOT


def test_no_project_anywhere_is_said_clearly(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("forgeledger.local.state_dir.PACKAGE_PROJECT", tmp_path / "package")

    with pytest.raises(ProjectNotFound, match=str(tmp_path)):
        find_project()


def test_the_wheels_own_deployment_has_its_state_in_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert default_state_dir(DEPLOYMENT) == tmp_path / "forgeledger"
    assert default_state_dir(ROOT) == ROOT / ".forgeledger"


def test_a_users_folder_that_is_no_absolute_path_is_ignored(tmp_path):
    home = user_state_dir({})

    assert home == Path.home() / ".local" / "state" / "forgeledger"
    assert user_state_dir({"XDG_STATE_HOME": "here"}) == home


def test_a_folder_whose_owner_was_killed_is_free_once_its_engine_has_saved(state, monkeypatch):
    """A child process that holds the lock stands for the engine."""
    state.acquire()
    engine = subprocess.Popen(["sleep", "0.5"], pass_fds=state.lock_descriptors)
    state.release()
    monkeypatch.setattr("forgeledger.local.state_dir._is_alive", lambda pid: False)
    following = StateDir(state.root)

    assert following.owner() is None
    following.acquire()

    assert engine.wait(60) == 0
    following.release()


def test_an_engine_that_never_ends_saving_is_not_awaited_forever(state, monkeypatch):
    monkeypatch.setattr("forgeledger.local.state_dir.SAVING_SECONDS", 0)
    monkeypatch.setattr("forgeledger.local.state_dir._is_alive", lambda pid: False)
    state.acquire()

    with pytest.raises(AlreadyRunning):
        StateDir(state.root).acquire()


def test_a_process_counts_as_alive_even_if_another_user_owns_it(monkeypatch):
    def refuse(pid, number):
        raise PermissionError

    assert _is_alive(os.getpid())
    finished = subprocess.Popen(["true"])
    finished.wait()
    assert not _is_alive(finished.pid)
    monkeypatch.setattr(os, "kill", refuse)
    assert _is_alive(1)


def test_a_lock_without_a_number_has_no_owner_to_name(state):
    state.acquire()
    Path(state.root / "lock").write_text("")

    assert state.owner() is None
