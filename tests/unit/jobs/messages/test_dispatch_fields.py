"""What a queue message says of dispatches and of items that it registers."""

import json

import pytest

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.commands import Command
from tests.support.builders import JOB_ID


def message(**fields: object) -> str:
    return json.dumps({"type": "fail", "jobId": JOB_ID, "itemId": "invoice-17", **fields})


def command(**fields: object) -> Command:
    (routed,) = decode(message(**fields), "m").commands
    return routed.command


@pytest.mark.parametrize(
    "fields",
    [
        {"retryAfterSeconds": 0, "notBefore": "2026-01-01T00:00:00.001Z"},
        {"retry_after_seconds": 0, "not_before": "2026-01-01T00:00:00.001Z"},
    ],
)
def test_each_field_arrives_in_either_spelling(fields: dict[str, object]) -> None:
    read = command(dispatch=3, kind="resize", group="acme", **fields)

    assert (read.dispatch, read.retry_after_seconds) == (3, 0)
    assert (read.item_kind, read.group, read.not_before) == ("resize", "acme", 1_767_225_600_001)
    assert read.ignored == ()


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"dispatch": 0}, "must be at least 1"),
        ({"dispatch": True}, "must be a whole number"),
        ({"retryAfterSeconds": -1}, "must be at least 0"),
        ({"retryAfterSeconds": 86_401}, "must be at most 86400"),
        ({"kind": ""}, "must have 1 or more characters"),
        ({"group": "g" * 129}, "must have at most 128 characters"),
        ({"group": "a b"}, "must have only letters, digits and punctuation of ASCII"),
        ({"notBefore": "tomorrow"}, "must be a time with its zone as in 2026-11-21T10:00:00Z"),
        ({"notBefore": "2286-11-20T17:46:40Z"}, "must be a time from 1970 to 2286"),
    ],
)
def test_a_wrong_one_is_refused_by_its_name_and_rule(fields: dict[str, object], rule: str) -> None:
    [problem] = decode(message(**fields), "m").problems

    assert (problem.field, problem.rule) == (*fields, rule)
