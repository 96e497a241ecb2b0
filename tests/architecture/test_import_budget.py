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
    # A worker has the SDK and nothing else, which knows what an address is.
    "worker": (EXTRAS - {"forgeledger.sdk"})
    | (HTTP - {"forgeledger.web"})
    | HEAVY
    | {"aws_lambda_powertools", "pydantic_core", "forgeledger.bootstrap"},
}

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "FORGELEDGER_TABLE": "ledger",
    "FORGELEDGER_COMMAND_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/commands.fifo",
    "FORGELEDGER_REJECT_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/rejects.fifo",
    "FORGELEDGER_EVENT_BUS": "forgeledger",
    "FORGELEDGER_HANDLERS": "simulated_kinds",
    "FORGELEDGER_IDEMPOTENCY_TABLE": "idempotency",
    "FORGELEDGER_API_KEY_PARAMETER": "",
    "POWERTOOLS_SERVICE_NAME": "forgeledger",
    "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
}


# Watches which functions are compiled from texts, and which folders are searched.
WATCH = """
import json, sys
compiled, searched = [], []
def watch(event, arguments):
    if event == "compile" and isinstance(arguments[0], bytes | str):
        text = arguments[0] if isinstance(arguments[0], str) else arguments[0].decode()
        if text.lstrip().startswith("def "):
            compiled.append(text.lstrip().partition("(")[0])
    if event == "os.listdir":
        searched.append(str(arguments[0]))
sys.addaudithook(watch)
import app
answer = {"modules": list(sys.modules), "compiled": compiled, "searched": searched}
print(json.dumps(answer))
"""


def import_of(function: str) -> dict[str, list[str]]:
    """What a fresh interpreter does that imports the function as Lambda does."""
    answer = subprocess.run(
        [sys.executable, "-c", WATCH],
        cwd=FUNCTIONS / function,
        env={**ENVIRONMENT, "PYTHONPATH": f"{FUNCTIONS / function}{os.pathsep}{PACKAGE}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.parametrize("function", FORBIDDEN)
def test_a_function_loads_nothing_that_it_does_not_need(function):
    loaded = set(import_of(function)["modules"])

    assert {"forgeledger.bootstrap", "forgeledger.sdk"} & loaded
    assert loaded & FORBIDDEN[function] == set()


def test_records_come_without_the_six_methods_that_dataclasses_compiles():
    compiled = import_of("intake")["compiled"]

    # Two or six for each of the services and drafts, which are no records.
    assert compiled.count("def __create_fn__") < 100


def test_the_intake_searches_the_folders_of_no_service_but_its_own():
    data = [folder for folder in import_of("intake")["searched"] if "botocore/data/" in folder]

    assert {folder.split("botocore/data/")[1].split("/")[0] for folder in data} == {"dynamodb"}


def test_every_function_has_a_budget():
    assert {path.parent.name for path in FUNCTIONS.glob("*/app.py")} == set(FORBIDDEN)
