"""Each function loads only what it needs: a cold start is paid for by the module."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
PACKAGE = FUNCTIONS.parent / "layers" / "shared"

EXTRAS = {
    "forgeledger.cli",
    "forgeledger.demo",
    "forgeledger.local",
    "forgeledger.sdk",
    "typer",
    "rich",
    "ministack",
    "moto",
    "yaml",
}
HTTP = {
    "pydantic",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.utilities.idempotency",
    "aws_lambda_powertools.utilities.parameters",
    "forgeledger.web",
    "forgeledger.jobs.model.creation",
}
# Slow to load, and loaded by a single careless import.
HEAVY = {
    "aws_lambda_powertools.utilities.parser",
    "aws_lambda_powertools.utilities.data_classes",
    "boto3.resources",
    "multiprocessing",
    "sqlite3",
    "unittest",
}
FORBIDDEN = {
    # It parses with pydantic's core alone.
    "intake": EXTRAS | HTTP | HEAVY | {"asyncio"},
    "relay": EXTRAS | HTTP | HEAVY | {"asyncio", "pydantic_core"},
    # Powertools' resolver brings its own models of events.
    "api": EXTRAS | {"aws_lambda_powertools.utilities.parser", "sqlite3", "unittest"},
}

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "FORGELEDGER_TABLE": "ledger",
    "FORGELEDGER_COMMAND_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/commands.fifo",
    "FORGELEDGER_REJECT_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/rejects.fifo",
    "FORGELEDGER_EVENT_BUS": "forgeledger",
    "FORGELEDGER_IDEMPOTENCY_TABLE": "idempotency",
    "FORGELEDGER_API_KEY_PARAMETER": "",
    "POWERTOOLS_SERVICE_NAME": "forgeledger",
    "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
}


def loaded_by(function: str) -> set[str]:
    """The modules of a fresh interpreter that has imported the function as Lambda does."""
    program = "import json, sys; import app; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=FUNCTIONS / function,
        env={**ENVIRONMENT, "PYTHONPATH": f"{FUNCTIONS / function}{os.pathsep}{PACKAGE}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(answer.stdout.splitlines()[-1]))


@pytest.mark.parametrize("function", FORBIDDEN)
def test_a_function_loads_nothing_that_it_does_not_need(function):
    loaded = loaded_by(function)

    assert "forgeledger.bootstrap" in loaded
    assert loaded & FORBIDDEN[function] == set()


def test_every_function_has_a_budget():
    assert {path.parent.name for path in FUNCTIONS.glob("*/app.py")} == set(FORBIDDEN)
