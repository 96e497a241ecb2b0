"""What the engine holds of requests, and what it leaves to the garbage collector."""

import json
import subprocess
import sys

import pytest

ROW = {"PK": {"S": "JOB#j#0"}, "SK": {"S": "ITEM#a"}, "state": {"S": "PENDING"}}
# In a process of its own: the module starts threads when it is imported.
PROGRAM = f"""
import gc, json
from ministack.services import dynamodb
from forgeledger.local.engine_memory import spare_memory

spare_memory(dynamodb)
values = {{":pk": {{"S": "JOB#j#0"}}, ":first": {{"S": "ITEM#"}}}}
condition = "PK = :pk AND SK >= :first"
gc.collect()
gc.disable()
matches = [dynamodb._evaluate_condition(condition, {ROW}, values, {{}}) for _ in range(1000)]
garbage = gc.collect()

def wrong(expression):
    try:
        dynamodb._evaluate_condition(expression, {ROW}, values, {{}})
    except ValueError as error:
        return str(error)

def body(state):
    item = {{**{ROW}, "state": {{"S": state}}}}
    return {{"TransactItems": [{{"Put": {{"TableName": "t", "Item": item}}}}]}}

dynamodb._txn_token_store("token", {{"signature": body("PENDING"), "response": {{}}}})
stored = dynamodb._txn_token_lookup("token")["signature"]
print(json.dumps({{
    "matches": sum(matches),
    "garbage": garbage,
    "wrong": [wrong("PK = = :pk"), wrong("PK = = :pk")],
    "same": stored == body("PENDING"),
    "other": stored == body("FAILED"),
    "holdsTheRequest": "PENDING" in repr(gc.get_referents(stored)),
}}))
"""


@pytest.fixture(scope="module")
def engine():
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(ended.stdout)


def test_an_expression_that_is_evaluated_for_a_thousand_rows_leaves_no_garbage(engine):
    assert engine["matches"] == 1_000
    assert engine["garbage"] < 100


def test_a_wrong_expression_is_wrong_each_time(engine):
    first, second = engine["wrong"]

    assert "Syntax error" in first
    assert second == first


def test_a_transaction_is_known_again_without_being_held(engine):
    assert engine["same"]
    assert not engine["other"]
    assert not engine["holdsTheRequest"]
