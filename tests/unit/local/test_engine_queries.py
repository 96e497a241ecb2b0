"""The engine's queries are made quicker without changing what they answer."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ministack.services import dynamodb

from forgeledger.aws.dynamodb.key_ranges import between
from forgeledger.local.engine_queries import (
    EVALUATOR,
    KEY_RANGE,
    PARSERS,
    evaluate_quickly,
    quicken_queries,
)
from forgeledger.local.function_process import function_environment
from forgeledger.local.stack import Function

NAMES = ["ITEM", "ITEM#", "ITEM#a", "ITEM#\U0001f9fe", "ITEM#\uffee", "ITEM$", "LANE", "LOG#1"]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The engine's module, restored afterwards."""
    for name in (*PARSERS, EVALUATOR):
        monkeypatch.setattr(dynamodb, name, getattr(dynamodb, name))
    module: ModuleType = dynamodb
    return module


def row(pk: str, sk: str) -> dict[str, dict[str, str]]:
    return {"PK": {"S": pk}, "SK": {"S": sk}, "state": {"S": "PENDING"}}


def test_the_ledgers_queries_have_the_condition_that_is_evaluated_quickly() -> None:
    assert between("p", "a", "b")["KeyConditionExpression"] == KEY_RANGE


@pytest.mark.parametrize("pk", ["p", "other"])
@pytest.mark.parametrize("sk", NAMES)
def test_keys_are_compared_as_the_engine_compares_them(pk: str, sk: str) -> None:
    values = between("p", "ITEM#", "ITEM$")["ExpressionAttributeValues"]
    slot = "KeyConditionExpression"

    quick = evaluate_quickly(lambda *_, **__: False, KEY_RANGE, row(pk, sk), values, {}, slot=slot)

    assert quick is dynamodb._evaluate_condition(KEY_RANGE, row(pk, sk), values, {}, slot=slot)


def test_an_expression_is_parsed_once_however_many_rows_it_is_evaluated_on(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = []
    for name in PARSERS:
        parse = getattr(engine, name)
        monkeypatch.setattr(
            engine, name, lambda *given, parse=parse: parsed.append(given[0]) or parse(*given)
        )
    quicken_queries()
    values = {":p": {"S": "PENDING"}, ":d": {"S": "COMPLETED"}}

    found = [
        engine._evaluate_condition("#s = :p OR #s = :d", row("p", name), values, {"#s": "state"})
        for name in NAMES
    ]

    assert all(found)
    assert parsed == ["#s = :p OR #s = :d"] * len(PARSERS)


def test_a_function_asks_the_engine_few_things_at_once(tmp_path: Path) -> None:
    function = Function(
        logical_id="ApiFunction",
        name="api",
        arn="arn:aws:lambda:us-east-1:000000000000:function:api",
        source=tmp_path,
        handler="app.handler",
        timeout_seconds=29.0,
        memory_mb=1_024,
        environment={"TABLE": "t"},
    )

    environment = function_environment(function, {"FORGELEDGER_THREADS": "99"}, {})

    assert environment["FORGELEDGER_THREADS"] == "2"
