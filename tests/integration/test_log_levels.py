"""Every level of LogLevel lets all metrics pass, and those lines of the log that it asks for.

Lambda's filter is the one of its documentation, "Log-level filtering": a line without a level that
Lambda knows, or without a timestamp as in RFC 3339, counts as INFO.
"""

import json
import re
from typing import Any

import pytest

from tests.support.api_callers import http_event
from tests.support.deployed_template import FUNCTIONS, TEMPLATE, properties
from tests.support.function_stage import JOB_ID, Stage, lines, sample
from tests.support.ledger_table import create_idempotency_table

pytestmark = pytest.mark.integration

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
LOG_LEVELS = TEMPLATE["Parameters"]["LogLevel"]["AllowedValues"]
RESOURCES = dict(zip(("intake", "api", "relay"), FUNCTIONS, strict=True))

# A metric, and the levels of the log's lines, for an event of each function.
METRICS = {"intake": "MessagesRejected", "api": "Requests", "relay": "EventsPublished"}
WRITTEN = {"intake": {"WARN"}, "api": {"INFO", "ERROR"}, "relay": {"ERROR"}}


def event(function: str) -> dict[str, Any]:
    if function == "intake":
        return sample("intake-rejected")
    if function == "api":
        return http_event("GET", f"/jobs/{JOB_ID}", headers={"x-api-key": "k"})
    bad = {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "111"}}
    return {"Records": [bad]}


def lambda_s_own_level(function: str, log_level: str) -> str:
    """What the template makes of LogLevel for Lambda's filter."""
    level = properties(RESOURCES[function])["LoggingConfig"]["ApplicationLogLevel"]
    if level == {"Ref": "LogLevel"}:
        return log_level
    name, met, unmet = level["Fn::If"]
    left, right = TEMPLATE["Conditions"][name]["Fn::Equals"]
    assert left == {"Ref": "LogLevel"}
    return met if log_level == right else unmet


def level_of(line: dict[str, Any]) -> str:
    level = str(line.get("level", "")).upper()
    known = level in LEVELS and RFC_3339.fullmatch(str(line.get("timestamp", "")))
    return level if known else "INFO"


@pytest.fixture
def broken_api(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API that cannot read its keys: it logs an error, and that it has answered."""
    create_idempotency_table(stage.client, f"{stage.name}-idempotency")
    monkeypatch.setenv("FORGELEDGER_API_KEY_PARAMETER", "/missing")


@pytest.mark.parametrize("function", RESOURCES)
@pytest.mark.parametrize("log_level", LOG_LEVELS)
@pytest.mark.usefixtures("broken_api")
def test_lambda_s_filter_takes_away_no_metrics_and_nothing_that_log_level_asks_for(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    function: str,
    log_level: str,
) -> None:
    own_level = lambda_s_own_level(function, log_level)
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", own_level)
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", log_level)

    stage.handler(function)(event(function))

    written = lines(capsys.readouterr().out)
    passed = [line for line in written if LEVELS.index(level_of(line)) >= LEVELS.index(own_level)]
    assert passed == written, json.dumps(written)
    [metrics] = [line for line in passed if "_aws" in line]
    assert METRICS[function] in metrics
    levels = {line["level"] for line in passed if "_aws" not in line}
    asked_for = LEVELS[LEVELS.index(log_level) :]
    assert levels == WRITTEN[function] & set(asked_for)
