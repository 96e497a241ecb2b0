"""Fixtures of the integration tests: the whole ledger on this machine, from the source tree."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from localstack_client.session import Session

from benchmarks.design_forgeledger import endpoints_of
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Endpoints
from tests.support.function_stage import Stage

PROJECT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 180


@pytest.fixture(scope="session")
def ledger_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One local cloud per test process, started by the first test that needs it."""
    with LocalCloud(project_dir=PROJECT, state_dir=tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def endpoints(ledger_cloud: LocalCloud) -> Endpoints:
    return endpoints_of(ledger_cloud)


@pytest.fixture
def worker_variables(endpoints: Endpoints) -> dict[str, str]:
    """The environment of a worker in a process of its own."""
    assert endpoints.aws_endpoint_url is not None
    assert endpoints.region is not None
    return {
        "FORGELEDGER_API_URL": endpoints.needed_api_url(),
        "FORGELEDGER_COMMAND_QUEUE_URL": endpoints.needed_command_queue_url(),
        "AWS_ENDPOINT_URL": endpoints.aws_endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": endpoints.region,
        "AWS_DEFAULT_REGION": endpoints.region,
    }


@pytest.fixture
def run(worker_variables: dict[str, str], tmp_path: Path) -> Callable[..., str]:
    """Runs a program from a page, as its reader would; it must succeed. Returns its output."""

    def run_program(*command: str, script: str | None = None) -> str:
        done = subprocess.run(
            command,
            input=script,
            cwd=tmp_path,
            env={**os.environ, **worker_variables},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_program


@pytest.fixture
def stage(aws: Session, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(aws, monkeypatch)
