"""What the contract does not know is taken all the same; and somebody hears of it, once."""

import json

import pytest
from pydantic.alias_generators import to_camel

from forgeledger.jobs.http.request_bodies import (
    ErrorBody,
    FailItem,
    ItemToRegister,
    RegisterItems,
    fields_of,
)
from forgeledger.jobs.messages import command_fields as field_names
from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.usecases.consume_messages import Message
from forgeledger.unknown_fields import UnknownFields
from tests.support.builders import JOB_ID, NOW

GOOD = {"type": "fail", "jobId": JOB_ID, "itemId": "a"}


def message(content: object) -> Message:
    text = json.dumps(content)
    return Message(
        message_id="m", group_id="g", sent_at=NOW, text=text, body=decode(text, "message-id")
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (GOOD, []),
        ({**GOOD, "leaseSecond": 5, "trace": "t"}, ["leaseSecond", "trace"]),
        ({"commands": [GOOD, {**GOOD, "atempt": 1}, 7]}, ["atempt"]),
        ({**GOOD, "error": {"type": "E", "retriable": False}}, ["error.retriable"]),
        ({**GOOD, "error": {"type": "E", "message": "m", "retryable": False}}, []),
        ({**GOOD, **dict.fromkeys(field_names.COMMAND), "payload": {"other": 1}}, []),
        (
            {"commands": [GOOD], "workerId": "w", "trace": "t"},
            ["trace beside commands", "workerId beside commands"],
        ),
        ({**GOOD, "items": [{"paylod": 1}]}, ["items"]),
        ({"itemid": "a"}, ["itemid"]),
        ("no message", []),
    ],
)
def test_unknown_fields_of_messages_are_told(content: object, told: list[str]) -> None:
    assert UnknownFields().in_messages([message(content)]) == told


def test_a_name_is_told_once_whoever_sends_it_and_how_often() -> None:
    unknown = UnknownFields()
    first = unknown.in_messages([message({**GOOD, "trace": 1}), message({**GOOD, "trace": 2})])

    again = unknown.in_messages([message({**GOOD, "trace": 3}), message({**GOOD, "span": 3})])

    assert (first, again) == (["trace"], ["span"])


def test_what_is_remembered_and_told_has_bounds() -> None:
    unknown = UnknownFields()
    many = {f"{number:03}" + "x" * 1_000: 1 for number in range(150)}

    told = unknown.in_messages([message({**GOOD, **many})])

    assert (len(told), {len(name) for name in told}) == (100, {64})
    assert unknown.in_messages([message({**GOOD, "other": 1})]) == []


@pytest.mark.parametrize("name", sorted(field_names.COMMAND))
def test_a_field_that_is_known_means_something(name: str) -> None:
    field = to_camel(name)
    rest = {known: value for known, value in GOOD.items() if known != field}

    found = decode(json.dumps({**rest, name: {}}), "m")

    assert found.problems or found.commands != decode(json.dumps(GOOD), "m").commands
    assert (field, "is required") not in [(each.field, each.rule) for each in found.problems]


@pytest.mark.parametrize("name", sorted(field_names.ERROR))
def test_a_field_of_an_error_that_is_known_means_something(name: str) -> None:
    error = {"type": "E", name: {}}

    found = decode(json.dumps({**GOOD, "error": error}), "m").problems

    assert [each.field for each in found] == [f"error.{name}"]


def test_what_is_known_is_what_the_models_take() -> None:
    assert fields_of(ItemToRegister) == field_names.ITEM
    assert fields_of(ErrorBody) == field_names.ERROR


def test_an_item_of_a_request_and_an_error_have_their_own_names() -> None:
    items = {"items": ["a", {"itemId": "b", "paylod": 1}], "sael": True, "error": {"typ": "E"}}
    failure = {"error": {"type": "E", "retriable": True}, "worker_id": "w", "leaseSeconds": 5}

    of_items = UnknownFields().in_body(items, fields_of(RegisterItems))
    of_failure = UnknownFields().in_body(failure, fields_of(FailItem))

    assert of_items == ["error", "items[].paylod", "sael"]
    assert of_failure == ["error.retriable", "leaseSeconds"]
