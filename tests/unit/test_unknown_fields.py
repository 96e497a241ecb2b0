"""Fields that the contract does not have are ignored, and each is logged once."""

import json

import pytest
from pydantic.alias_generators import to_camel

from forgeledger.jobs.http.request_bodies import (
    CreateJob,
    ErrorBody,
    FailItem,
    ItemToRegister,
    RegisterItems,
)
from forgeledger.jobs.messages.command_fields import COMMAND_NAMES, ERROR_NAMES, ITEM_NAMES
from forgeledger.jobs.messages.command_message import decode, unknown_names
from forgeledger.unknown_fields import UnknownFields, unknown_in
from forgeledger.web.models import known_fields, names_of
from tests.support.builders import JOB_ID

GOOD = {"type": "fail", "jobId": JOB_ID, "itemId": "a"}


@pytest.mark.parametrize(
    ("content", "unknown"),
    [
        (GOOD, set()),
        ({**GOOD, "leaseSecond": 5, "trace": "t"}, {"leaseSecond", "trace"}),
        ({"commands": [GOOD, {**GOOD, "atempt": 1}, 7]}, {"atempt"}),
        ({**GOOD, "error": {"type": "E", "retriable": False}}, {"error.retriable"}),
        ({**GOOD, "error": {"type": "E", "message": "m", "retryable": False}}, set()),
        ({**GOOD, **dict.fromkeys(COMMAND_NAMES), "payload": {"other": 1}}, set()),
        (
            {"commands": [GOOD], "workerId": "w", "trace": "t"},
            {"trace beside commands", "workerId beside commands"},
        ),
        ({**GOOD, "items": [{"paylod": 1}]}, {"items"}),
        ({"itemid": "a"}, {"itemid"}),
        ("no message", set()),
    ],
)
def test_unknown_fields_of_a_message_are_found(content: object, unknown: set[str]) -> None:
    assert unknown_names(decode(json.dumps(content), "message-id")) == unknown


def test_a_name_is_new_once() -> None:
    unknown = UnknownFields()

    first = unknown.not_seen_before(["b", "a", "b"])
    again = unknown.not_seen_before(["c", "a"])

    assert (first, again) == (["a", "b"], ["c"])


def test_the_number_of_names_and_their_length_have_bounds() -> None:
    unknown = UnknownFields()

    names = unknown.not_seen_before(f"{number:03}" + "x" * 1_000 for number in range(150))

    assert (len(names), {len(name) for name in names}) == (100, {64})
    assert unknown.not_seen_before(["another"]) == []


def test_a_long_name_is_known_by_its_beginning() -> None:
    long = "x" * 1_000

    assert UnknownFields().not_seen_before([long, long + "y"]) == ["x" * 64]


@pytest.mark.parametrize("name", sorted(COMMAND_NAMES))
def test_a_field_that_is_known_means_something(name: str) -> None:
    field = to_camel(name)
    rest = {known: value for known, value in GOOD.items() if known != field}

    found = decode(json.dumps({**rest, name: {}}), "m")

    assert found.problems or found.commands != decode(json.dumps(GOOD), "m").commands
    assert (field, "is required") not in [
        (problem.field, problem.rule) for problem in found.problems
    ]


@pytest.mark.parametrize("name", sorted(ERROR_NAMES))
def test_a_field_of_an_error_that_is_known_means_something(name: str) -> None:
    error = {"type": "E", name: {}}

    found = decode(json.dumps({**GOOD, "error": error}), "m").problems

    assert [each.field for each in found] == [f"error.{name}"]


def test_what_is_known_is_what_the_models_take() -> None:
    assert names_of(ItemToRegister) == ITEM_NAMES
    assert names_of(ErrorBody) == ERROR_NAMES


def test_unknown_fields_of_a_request_are_found_one_level_down() -> None:
    items = {"items": ["a", {"itemId": "b", "paylod": 1}], "sael": True, "error": {"typ": "E"}}
    failure = {"error": {"type": "E", "retriable": True}, "worker_id": "w", "leaseSeconds": 5}

    of_items = unknown_in(items, known_fields(RegisterItems))
    of_failure = unknown_in(failure, known_fields(FailItem))

    assert of_items == {"error", "items[].paylod", "sael"}
    assert of_failure == {"error.retriable", "leaseSeconds"}


def test_what_a_request_is_refused_for_is_not_called_ignored() -> None:
    assert unknown_in({"name": "n", "policy": {"maxAtempts": 3}}, known_fields(CreateJob)) == set()
