"""`forgeledger local invoke`: one of the functions, once, with an event of the user's."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from forgeledger.cli import exit_codes
from forgeledger.cli.app import run
from forgeledger.cli.session import SessionSeams

pytestmark = pytest.mark.integration
PROJECT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 180


@pytest.fixture
def environment(ledger_cloud):
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "FORGELEDGER_", "LOCALSTACK_"))
    }
    return {**inherited, "FORGELEDGER_STATE_DIR": str(ledger_cloud._state.root)}


@pytest.fixture
def invoke(environment, monkeypatch, capsys):
    """The exit code, the output and the error of an invocation."""

    def invoke_function(function, event, stdin=b""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        words = ["local", "invoke", function, str(event), "--json"]
        code = run(words, SessionSeams(environ=environment))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoke_function


def test_the_sample_events_find_the_job_that_their_readme_makes(environment):
    page = (PROJECT / "events" / "README.md").read_text()
    (script,) = re.findall(
        r"^```sh\n(export FORGELEDGER_LOCAL.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=PROJECT,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    statuses = re.findall(r'^  "statusCode": (\d+)', done.stdout, re.MULTILINE)
    assert statuses == ["200"] * (script.count("\ninvoke ApiFunction"))
    assert '"batchItemFailures": []' in done.stdout
    assert r"\"status\":\"COMPLETED\"" in done.stdout


def test_a_function_is_invoked_with_an_event_from_a_file(invoke):
    health = PROJECT / "events" / "api-health.json"

    code, out, error = invoke("ApiFunction", health)

    assert code == 0, error
    assert json.loads(out)["statusCode"] == 200


def test_a_function_that_fails_is_an_exit_code_and_a_line(invoke):
    event = {"reconcile": {"jobId": "01KAJXPF80000APN59HKNHY2PJ-4"}}

    code, out, error = invoke("RelayFunction", "-", json.dumps(event).encode())

    assert (code, out) == (exit_codes.NOT_AS_HOPED, "")
    assert json.loads(error)["error"]["message"].startswith("RelayFunction: JobNotFound: ")


def test_a_function_that_is_not_there_is_reported_with_those_that_are(invoke):
    code, _, error = invoke("api", "-", b"{}")

    assert code == exit_codes.NOT_FOUND
    functions = "ApiFunction, IntakeFunction, RelayFunction"
    line = f"api: no such function; there are {functions}"
    assert json.loads(error)["error"]["message"] == line
