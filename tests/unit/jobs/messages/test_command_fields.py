"""Every field of the command table has an effect on a message, and any other is unknown."""

import json

import pytest
from pydantic.alias_generators import to_camel

from forgeledger.jobs.messages.command_fields import COMMAND_NAMES, ERROR_NAMES
from forgeledger.jobs.messages.command_message import decode
from tests.support.builders import JOB_ID

GOOD = {"type": "fail", "jobId": JOB_ID, "itemId": "a"}


@pytest.mark.parametrize(
    ("content", "unknown"),
    [
        (GOOD, set()),
        ({**GOOD, "leaseSecond": 5, "trace": "t"}, {"leaseSecond", "trace"}),
        ({"commands": [GOOD, {**GOOD, "atempt": 1}, 7]}, {"atempt"}),
        ({**GOOD, "error": {"type": "E", "stack": "..."}}, {"error.stack"}),
        ({**GOOD, "error": {"type": "E", "message": "m", "retryable": False}}, set()),
        ({**GOOD, **dict.fromkeys(COMMAND_NAMES), "payload": {"other": 1}}, set()),
        (
            {"commands": [GOOD], "workerId": "w", "trace": "t"},
            {"trace next to commands", "workerId next to commands"},
        ),
        ({**GOOD, "items": [{"paylod": 1}]}, {"items"}),
        ({"itemid": "a"}, {"itemid"}),
        ("no message", set()),
    ],
)
def test_unknown_fields_of_a_message_are_found(content: object, unknown: set[str]) -> None:
    assert decode(json.dumps(content), "message-id").unknown_names == unknown


@pytest.mark.parametrize("name", sorted(COMMAND_NAMES))
def test_a_field_that_is_known_means_something(name: str) -> None:
    field = to_camel(name)
    rest = {known: value for known, value in GOOD.items() if known != field}

    body = decode(json.dumps({**rest, name: {}}), "m")

    assert body.problems or body.commands != decode(json.dumps(GOOD), "m").commands
    assert (field, "is required") not in [
        (problem.field, problem.rule) for problem in body.problems
    ]


@pytest.mark.parametrize("name", sorted(ERROR_NAMES))
def test_a_field_of_an_error_that_is_known_means_something(name: str) -> None:
    error = {"type": "E", name: {}}

    problems = decode(json.dumps({**GOOD, "error": error}), "m").problems

    assert [problem.field for problem in problems] == [f"error.{name}"]


def test_a_command_names_its_unknown_fields_within_bounds() -> None:
    error = {"type": "E", "stack": "..."}
    many = {f"field{number:03}" + "x" * 100: number for number in range(30)}

    (known,) = decode(json.dumps(GOOD), "m").commands
    (some,) = decode(json.dumps({**GOOD, "trace": "t", "error": error}), "m").commands
    (lots,) = decode(json.dumps({**GOOD, **many}), "m").commands

    assert known.command.ignored == ()
    assert some.command.ignored == ("error.stack", "trace")
    assert [len(name) for name in lots.command.ignored] == [64] * 20


def test_a_near_miss_in_an_error_makes_its_command_invalid() -> None:
    misspelt = {**GOOD, "error": {"typ": "E", "retriable": False, "stack": ""}}

    body = decode(json.dumps({"commands": [GOOD, misspelt, GOOD]}), "m")

    assert [routed.index for routed in body.commands] == [0, 2]
    assert {(problem.index, problem.field, problem.rule) for problem in body.problems} == {
        (1, "error.typ", "is no field of this object; did you mean type?"),
        (1, "error.retriable", "is no field of this object; did you mean retryable?"),
        (1, "error.type", "is required"),
    }


def test_a_command_whose_only_fault_is_a_near_miss_is_not_applied() -> None:
    misspelt = {**GOOD, "error": {"type": "E", "retriable": False}}

    body = decode(json.dumps(misspelt), "m")

    assert body.commands == ()
    assert [problem.field for problem in body.problems] == ["error.retriable"]


def test_a_near_miss_next_to_the_error_is_a_foreign_field() -> None:
    (routed,) = decode(json.dumps({**GOOD, "workrId": "w"}), "m").commands

    assert routed.command.ignored == ("workrId",)


@pytest.mark.parametrize(
    ("kind", "name", "right"),
    [
        ("complete", "reslt", "result"),
        ("complete", "Result", "result"),
        ("complete", "results", "result"),
        ("fail", "Error", "error"),
        ("fail", "errors", "error"),
    ],
)
def test_a_near_miss_of_what_a_command_reports_makes_it_invalid(kind, name, right) -> None:
    misspelt = {**GOOD, "type": kind, name: {"type": "E"}}

    body = decode(json.dumps({"commands": [misspelt, GOOD]}), "m")

    assert [routed.index for routed in body.commands] == [1]
    (problem,) = body.problems
    assert (problem.index, problem.field) == (0, name)
    assert problem.rule == f"is no field of this object; did you mean {right}?"


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "complete", "output": 1},
        {"type": "complete", "Error": 1},
        {"type": "complete", "reslt": 1, "result": 2},
        {"type": "complete", "workrId": "w"},
        {"type": "fail", "Result": 1},
        {"type": "claim", "reslt": 1, "Error": 2},
    ],
)
def test_any_other_foreign_field_of_a_command_passes(fields) -> None:
    body = decode(json.dumps({**GOOD, **fields}), "m")

    assert (len(body.commands), body.problems) == (1, ())


def test_a_command_of_an_impossible_type_is_invalid_for_that_alone() -> None:
    for kind in ([], {}, 1, None):
        body = decode(json.dumps({**GOOD, "type": kind, "reslt": 1}), "m")

        assert [problem.field for problem in body.problems] == ["type"]
