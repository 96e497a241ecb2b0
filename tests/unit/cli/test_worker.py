import json
import logging
import os
import sys

import pytest

from forgeledger.cli import exit_codes
from forgeledger.local.state_dir import StateDir
from forgeledger.local_description import Description

MODULE = """
import os
from forgeledger.sdk import Endpoints, Reporter, Worker
from forgeledger.sdk.work.worker import WorkerSummary

seen = dict(os.environ)

class Idle(Worker):
    def __init__(self):
        pass
    def run(self):
        return WorkerSummary(completed=3, failed=1, released=0, handed_back=2)

worker = Idle()
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "some_tasks.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "some_tasks"
    sys.modules.pop("some_tasks", None)


def test_a_worker_runs_until_it_ends_and_its_summary_is_printed(forgeledger, module):
    ended = forgeledger("worker", "--app", f"{module}:worker", "--json")

    assert json.loads(ended.out) == {
        "completed": 3,
        "failed": 1,
        "released": 0,
        "handedBack": 2,
        "dropped": 0,
        "canceled": 0,
    }


def test_its_module_finds_the_addresses_in_its_environment(forgeledger, module):
    ended = forgeledger(
        *("worker", "--app", f"{module}:worker", "--command-queue-url", "https://commands")
    )

    seen = sys.modules[module].seen
    assert ended.out == "3 completed, 1 failed, 0 released, 2 handed back\n"
    assert seen["FORGELEDGER_COMMAND_QUEUE_URL"] == "https://commands"
    assert seen["FORGELEDGER_API_URL"] == "http://api.test"


def test_a_local_worker_ignores_the_users_profile_and_proxy(forgeledger, module, tmp_path):
    os.environ |= {"AWS_PROFILE": "gone", "AWS_DEFAULT_PROFILE": "gone"}
    state = StateDir(tmp_path / "state")
    state.acquire()
    state.describe(Description(**dict.fromkeys(Description.__dataclass_fields__, "http://here")))

    ended = forgeledger(
        *("worker", "--app", f"{module}:worker", "--local"), FORGELEDGER_STATE_DIR=str(state.root)
    )
    state.release()

    seen = sys.modules[module].seen
    assert ended.code == 0
    assert seen["AWS_ENDPOINT_URL"] == seen["AWS_ENDPOINT_URL_SQS"] == "http://here"
    assert seen["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "false"
    assert "127.0.0.1" in seen["NO_PROXY"]
    assert {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}.isdisjoint(seen)


def test_a_log_level_that_is_none_is_a_mistake(forgeledger, module):
    lower = forgeledger("worker", "--app", f"{module}:worker", "--log-level", "warning")
    ended = forgeledger("worker", "--app", f"{module}:worker", "--log-level", "LOUD")

    assert lower.code == exit_codes.DONE
    assert ended.code == exit_codes.USAGE
    assert ended.err == (
        "forgeledger: --log-level: is one of DEBUG, INFO, WARNING, ERROR, not 'LOUD'\n"
    )


@pytest.mark.parametrize(
    ("level", "chatter"), [("INFO", "WARNING"), ("ERROR", "NOTSET"), ("DEBUG", "NOTSET")]
)
def test_what_boto_logs_of_its_own_stays_out_of_the_log(forgeledger, module, level, chatter):
    names = ("botocore.credentials", "botocore.configprovider")
    for name in names:
        logging.getLogger(name).setLevel(logging.NOTSET)

    forgeledger("worker", "--app", f"{module}:worker", "--log-level", level)

    levels = [logging.getLevelName(logging.getLogger(name).level) for name in names]
    for name in names:
        logging.getLogger(name).setLevel(logging.NOTSET)
    assert levels == [chatter, chatter]


@pytest.mark.parametrize("app", ["some_tasks", "nowhere:worker", "some_tasks:nobody"])
def test_a_worker_that_is_not_there_is_a_mistake(forgeledger, module, app):
    ended = forgeledger("worker", "--app", app)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {app}: ")


def test_a_module_that_raises_is_reported_in_one_line_with_its_file_and_line(
    forgeledger, module, tmp_path
):
    (tmp_path / "raising_tasks.py").write_text("x = 1\nraise ValueError('no')\n", encoding="utf-8")

    ended = forgeledger("worker", "--app", "raising_tasks:worker")

    assert ended.code == exit_codes.USAGE
    assert ended.err == (
        "forgeledger: raising_tasks:worker: raising_tasks cannot be imported: "
        f"ValueError: no ({tmp_path / 'raising_tasks.py'}:2)\n"
    )


def test_a_wrong_setting_of_the_worker_is_reported_in_one_line_as_a_mistake(
    forgeledger, module, tmp_path
):
    text = "from forgeledger.sdk import WorkerOptions\nWorkerOptions(visibility_seconds=-5)\n"
    (tmp_path / "wrong_tasks.py").write_text(text, encoding="utf-8")

    ended = forgeledger("worker", "--app", "wrong_tasks:worker")

    assert ended.code == exit_codes.USAGE
    assert ended.err == (
        "forgeledger: visibility_seconds: must be a whole number from 1 to 43,200, not -5\n"
    )
