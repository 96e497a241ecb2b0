"""The messages about wrong fields: plain words, and JSON's types instead of Python's."""

from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from forgeledger.rule_messages import Rule, rule_of


def test_wrong_fields_are_explained_in_the_words_of_json(caller):
    reply = caller.post(
        "/jobs",
        {
            "name": "",
            "items": ["x" * 257, {}, 7],
            "lanes": 65,
            "seal": "yes",
            "policy": {"maxAttempts": 0, "toleratedFailurePercent": 100.5, "leaseSeconds": "5"},
            "metadata": [],
            "tags": ["t"] * 21,
            "ttlDays": 1.5,
            "expectedItems": 10**30,
        },
    )

    assert {error["field"]: error["message"] for error in reply.json["errors"]} == {
        "name": "must have 1 or more characters",
        "items[0].itemId": "must have at most 256 characters",
        "items[1].itemId": "is required",
        "items[2]": "must be an itemId or an object that has one",
        "lanes": "must be at most 64",
        "seal": "must be true or false",
        "policy.maxAttempts": "must be at least 1",
        "policy.toleratedFailurePercent": "must be at most 100",
        "policy.leaseSeconds": "must be a whole number",
        "metadata": "must be an object",
        "tags": "must have at most 20 entries",
        "ttlDays": "must be a whole number",
        "expectedItems": "must be at most 1000000000",
    }


def test_wrong_parameters_are_explained_in_plain_words_too(caller):
    reply = caller.get("/jobs", limit="many", status="DONE", cursor="x")

    messages = {error["field"]: error["message"] for error in reply.json["errors"]}
    assert messages["limit"] == "must be a whole number in decimal digits"
    assert messages["status"].startswith("must be 'SCHEDULED', 'RUNNING'")
    assert messages["cursor"] == "is not a cursor of this list"


def test_a_message_does_not_repeat_the_name_of_its_field(caller):
    job_id = caller.new_job(items=["a", "b"])
    cursor = caller.get(f"/jobs/{job_id}/items", limit=1).json["nextCursor"]

    reply = caller.get(f"/jobs/{job_id}/why", cursor=cursor)

    assert [(error["field"], error["message"]) for error in reply.json["errors"]] == [
        ("cursor", "is not a cursor of this list")
    ]


@pytest.mark.parametrize("text", ["1_0", "1.0", " 1", "1 ", "+1", "1e1", "\u0661", "", "9" * 5_000])
def test_a_number_in_a_parameter_has_plain_decimal_digits(caller, text):
    assert caller.get("/jobs", limit=text).wrong == {"limit": "type"}


@pytest.mark.parametrize(("text", "wrong"), [("-1", "minimum"), ("101", "maximum")])
def test_plain_digits_are_a_number(caller, text, wrong):
    assert caller.get("/jobs", limit=text).wrong == {"limit": wrong}


def test_a_rule_that_is_not_listed_is_that_of_a_type():
    assert {rule_of(kind) for kind in get_args(ErrorType)} <= set(get_args(Rule))
    assert rule_of("int_parsing_size") == "type"
