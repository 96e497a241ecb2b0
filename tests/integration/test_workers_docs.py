"""The programs of docs/workers.md, run against the local cloud."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from forgeledger.sdk import Ledger

pytestmark = pytest.mark.integration
PAGE = Path(__file__).parents[2] / "docs" / "workers.md"
TIMEOUT_SECONDS = 180


def program(language):
    """All blocks of a language, top to bottom."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return "\n".join(blocks)


@pytest.fixture
def completed(endpoints):
    """Waits for the newest job of that name."""
    ledger = Ledger(endpoints=endpoints)

    def wait(name):
        job = next(job for job in ledger.jobs() if job.name == name)
        return ledger.wait(job.job_id, timeout_seconds=TIMEOUT_SECONDS)

    return wait


def test_the_python_programs_do_what_the_page_says(run, completed, tmp_path):
    script = tmp_path / "page.py"
    script.write_text(program("python"))

    output = run(sys.executable, str(script))

    assert "2000 registered, 0 known before\n0 rejected" in output
    assert "3 items in 1 lane" in output
    assert "4000 delivered, 0 pending, 0 failed" in output
    assert "COMPLETED 2000 of 2000" in output
    assert "('finished',)" in output
    job = completed("from boto3")
    assert (job.status, job.completed) == ("COMPLETED", 100)


def test_the_shell_program_does_what_the_page_says(run, completed):
    if not all(map(shutil.which, ("aws", "curl", "gzip", "od", "awk"))):
        pytest.skip("the aws command line is not installed")

    output = run("bash", "-euo", "pipefail", "-s", script=program("sh"))

    assert '"status":"COMPLETED"' in output
    assert completed("from the shell").completed == 2


def test_the_node_program_does_what_the_page_says(run, completed, tmp_path):
    modules = os.environ.get("FORGELEDGER_NODE_MODULES")
    if not shutil.which("node") or not modules:
        pytest.skip("FORGELEDGER_NODE_MODULES names no folder with @aws-sdk/client-sqs")
    (tmp_path / "node_modules").symlink_to(modules)
    script = tmp_path / "page.mjs"
    script.write_text(program("js"))

    run("node", str(script))

    job = completed("from Node")
    assert (job.status, job.completed) == ("COMPLETED", 3)
