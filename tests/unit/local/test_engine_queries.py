"""The engine compares keys quickly, and as its interpreter of expressions does."""

import json
import subprocess
import sys
from pathlib import Path

from forgeledger.aws.dynamodb.key_ranges import between
from forgeledger.local.engine_queries import KEY_RANGE
from forgeledger.local.function_process import function_environment
from forgeledger.local.stack import Function

NAMES = ["ITEM", "ITEM#", "ITEM#a", "ITEM#\U0001f9fe", "ITEM#\uffee", "ITEM$", "LANE", "LOG#1"]
ROWS = [
    {"PK": {"S": pk}, "SK": {"S": name}, "state": {"S": "PENDING"}}
    for pk in ("p", "other")
    for name in NAMES
]
VALUES = between("p", "ITEM#", "ITEM$")["ExpressionAttributeValues"]
# In a process of its own: the module starts threads when it is imported.
PROGRAM = f"""
import json
from ministack.services import dynamodb
from forgeledger.local.engine_queries import KEY_RANGE, quicken_queries

def answers():
    evaluate = dynamodb._evaluate_condition
    named = {{"slot": "KeyConditionExpression"}}
    keys = [evaluate(KEY_RANGE, row, {VALUES!r}, {{}}, **named) for row in {ROWS!r}]
    state = {{":s": {{"S": "PENDING"}}}}
    filtered = [evaluate("#s = :s", row, state, {{"#s": "state"}}) for row in {ROWS!r}]
    return keys, filtered

plain = answers()
tokenize, parsed = dynamodb._tokenize, []
dynamodb._tokenize = lambda expression: parsed.append(expression) or tokenize(expression)
quicken_queries(dynamodb)
quick = answers()
print(json.dumps({{"plain": plain, "quick": quick, "parsed": KEY_RANGE in parsed}}))
"""


def test_keys_are_compared_as_the_engine_does_without_its_interpreter() -> None:
    program = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(program, capture_output=True, text=True, check=True, timeout=120)
    told = json.loads(ended.stdout)

    assert told["quick"] == told["plain"]
    keys, filtered = told["quick"]
    assert (sum(keys), sum(filtered)) == (5, len(ROWS))
    assert not told["parsed"]


def test_the_ledgers_queries_have_the_condition_that_is_compared_quickly() -> None:
    assert between("p", "a", "b")["KeyConditionExpression"] == KEY_RANGE


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
