import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model import limits
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.items import Failure
from forgeledger.json_text import from_text, to_text
from tests.support.builders import JOB_ID

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=("Cs",))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(alphabet=st.characters(exclude_categories=("Cs",))), inner, max_size=4
        )
    ),
    max_leaves=12,
)


KINDS = ", ".join(f"'{kind}'" for kind in list(CommandKind)[:-1]) + " or 'cancel'"


def message(**fields: object) -> str:
    return json.dumps({"type": "complete", "jobId": JOB_ID, "itemId": "invoice-17", **fields})


def rules_of(body: str) -> list[tuple[str, int | None]]:
    return [(problem.field, problem.index) for problem in decode(body, "m").problems]


def test_every_field_of_the_contract_arrives() -> None:
    body = message(
        attempt=2,
        workerId="w-3",
        at="2026-11-21T10:00:00Z",
        commandId="c-1",
        leaseSeconds=30,
        payload={"a": 1},
        result=[1, None],
        error={"type": "Timeout", "message": "x" * 4_096, "retryable": False},
    )

    (routed,) = decode(body, "m").commands

    command = routed.command
    assert (routed.job_id, routed.lane, routed.index) == (
        JOB_ID,
        lane_of("invoice-17", 4),
        0,
    )
    assert (command.kind, command.item_id, command.attempt) == (
        CommandKind.COMPLETE,
        "invoice-17",
        2,
    )
    assert (command.worker_id, command.command_id, command.lease_seconds) == ("w-3", "c-1", 30)
    assert command.sent_at == 1_795_255_200_000
    assert (command.payload, command.result) == ('{"a":1}', "[1,null]")
    assert command.failure == Failure(type="Timeout", message="x" * 4_096, retryable=False)


def test_both_spellings_of_a_field_are_the_same() -> None:
    camel = message(workerId="w", commandId="c", leaseSeconds=5)
    snake = json.dumps(
        {
            "type": "complete",
            "job_id": JOB_ID,
            "item_id": "invoice-17",
            "worker_id": "w",
            "command_id": "c",
            "lease_seconds": 5,
        }
    )

    assert decode(camel, "m").commands == decode(snake, "m").commands


def test_a_command_without_an_id_is_named_after_its_message_and_index() -> None:
    body = json.dumps({"commands": [json.loads(message()), json.loads(message())]})

    commands = decode(body, "message-7").commands

    assert [command.command.command_id for command in commands] == ["message-7:0", "message-7:1"]


def test_an_unknown_field_is_ignored() -> None:
    assert rules_of(message(colour="green")) == []


def test_what_is_null_is_as_if_it_were_not_there() -> None:
    body = message(attempt=None, workerId=None, at=None, commandId=None, result=None, error=None)

    assert decode(body, "m").commands == decode(message(), "m").commands


def test_a_time_without_a_zone_is_refused() -> None:
    assert rules_of(message(at="2026-11-21T10:00:00")) == [("at", 0)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "body"),
        ("nonsense", "body"),
        ("[]", "body"),
        ('"text"', "body"),
        ('{"result": NaN}', "body"),
        ('{"itemId": "\\ud800"}', "body"),
        ("[" * 10_000, "body"),
        ('{"commands": []}', "commands"),
        ('{"commands": {}}', "commands"),
        (json.dumps({"commands": [{}] * 501}), "commands"),
    ],
)
def test_a_message_that_is_no_message_is_wrong_as_a_whole(body: str, field: str) -> None:
    assert rules_of(body) == [(field, None)]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"type": "finish"}, "type"),
        ({"type": None}, "type"),
        ({"jobId": ""}, "jobId"),
        ({"jobId": 7}, "jobId"),
        ({"itemId": ""}, "itemId"),
        ({"itemId": "x" * 257}, "itemId"),
        ({"itemId": "\N{GRINNING FACE}" * 256}, "itemId"),
        ({"attempt": 0}, "attempt"),
        ({"attempt": True}, "attempt"),
        ({"attempt": "1"}, "attempt"),
        ({"workerId": "w" * 257}, "workerId"),
        ({"commandId": ""}, "commandId"),
        ({"at": "yesterday"}, "at"),
        ({"at": 5}, "at"),
        ({"leaseSeconds": 0}, "leaseSeconds"),
        ({"leaseSeconds": limits.LEASE_SECONDS + 1}, "leaseSeconds"),
        ({"payload": "x" * limits.PAYLOAD_BYTES}, "payload"),
        ({"result": "x" * limits.RESULT_BYTES}, "result"),
        ({"error": "Timeout"}, "error"),
        ({"error": {}}, "error.type"),
        ({"error": {"type": "T", "retryable": "no"}}, "error.retryable"),
        ({"error": {"type": "T", "message": "\N{EURO SIGN}" * 2_000}}, "error.message"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, object], wrong: str) -> None:
    assert rules_of(message(**fields)) == [(wrong, 0)]


def test_every_wrong_field_is_named_at_once() -> None:
    body = json.dumps({"type": "finish", "itemId": 5, "attempt": 0})

    assert sorted(rules_of(body)) == [("attempt", 0), ("itemId", 0), ("jobId", 0), ("type", 0)]


def test_limits_that_need_a_closer_look_are_named_with_all_the_others() -> None:
    body = message(
        type="finish",
        itemId="\N{GRINNING FACE}" * 256,
        attempt=0,
        at="yesterday",
        leaseSeconds=0,
        payload="x" * limits.PAYLOAD_BYTES,
        result="x" * limits.RESULT_BYTES,
        error={"message": "\N{EURO SIGN}" * 2_000, "retryable": 1},
    )

    assert sorted(field for field, _ in rules_of(body)) == [
        "at",
        "attempt",
        "error.message",
        "error.retryable",
        "error.type",
        "itemId",
        "leaseSeconds",
        "payload",
        "result",
        "type",
    ]


def test_a_broken_limit_says_which() -> None:
    body = message(itemId="\N{GRINNING FACE}" * 256, result="x" * limits.RESULT_BYTES, at="?")

    assert {problem.field: problem.rule for problem in decode(body, "m").problems} == {
        "itemId": "must be at most 1019 bytes in UTF-8, not 1024",
        "at": "must be a time with its zone as in 2026-11-21T10:00:00Z",
        "result": "must be at most 32768 bytes of JSON, not 32770",
    }


def test_a_wrong_field_is_reported_in_words_and_by_its_name_in_the_contract() -> None:
    wrong = {
        "job_id": 7,
        "item_id": "",
        "attempt": "1",
        "worker_id": "w" * 257,
        "at": 5,
        "lease_seconds": 604_801,
        "result": float("inf"),
        "error": {"type": "", "retryable": "no"},
    }

    decoded = decode(json.dumps({"type": "fail", **wrong}).replace("Infinity", "1e999"), "m")

    assert {problem.field: problem.rule for problem in decoded.problems} == {
        "jobId": "must be text",
        "itemId": "must have 1 or more characters",
        "attempt": "must be a whole number",
        "workerId": "must have at most 256 characters",
        "at": "must be text",
        "leaseSeconds": "must be at most 604800",
        "result": "must be a JSON value: no NaN, no infinity, not nested too deep",
        "error.type": "must have 1 or more characters",
        "error.retryable": "must be true or false",
    }


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        (7, {"command": "must be an object"}),
        ({}, dict.fromkeys(("type", "jobId", "itemId"), "is required")),
        ({"type": "finish", "jobId": "j", "itemId": "i"}, {"type": f"must be {KINDS}"}),
        (
            {"type": "claim", "jobId": "j", "itemId": "i", "leaseSeconds": 0, "attempt": 1.5},
            {"leaseSeconds": "must be at least 1", "attempt": "must be a whole number"},
        ),
        (
            {"type": "fail", "jobId": "j", "itemId": "i", "error": "Timeout"},
            {"error": "must be an object"},
        ),
    ],
)
def test_errors_speak_of_json(command: object, rules: dict[str, str]) -> None:
    problems = decode(json.dumps({"commands": [command]}), "m").problems

    assert {problem.field: problem.rule for problem in problems} == rules


def test_a_number_too_large_for_json_is_refused() -> None:
    body = message().replace("}", ', "result": 1e999}')

    assert rules_of(body) == [("result", 0)]


def test_bad_commands_leave_the_good_ones_alone() -> None:
    good = json.loads(message())
    body = json.dumps({"commands": [good, 7, {**good, "type": "x"}, good]})

    decoded = decode(body, "m")

    assert [command.index for command in decoded.commands] == [0, 3]
    assert [(p.field, p.index) for p in decoded.problems] == [("command", 1), ("type", 2)]


def test_a_job_that_no_job_can_be_has_no_lane_but_is_not_invalid() -> None:
    (routed,) = decode(message(jobId="my-job"), "m").commands

    assert (routed.job_id, routed.lane) == ("my-job", 0)


@given(JSON)
def test_any_json_comes_through_as_it_went_in(value: object) -> None:
    body = json.dumps(
        {"type": "complete", "jobId": JOB_ID, "itemId": "i", "result": {"value": value}}
    )

    (routed,) = decode(body, "m").commands

    assert from_text(routed.command.result or "") == {"value": value}


@given(st.text())
def test_no_body_makes_decoding_fail(body: str) -> None:
    decoded = decode(body, "m")

    assert decoded.problems


def test_json_text_says_which_rule_a_value_breaks() -> None:
    with pytest.raises(ValueError, match="at most 10 bytes of JSON, not 13"):
        to_text("eleven char", 10)
    with pytest.raises(ValueError, match="no lone surrogates"):
        to_text("\ud800", 10)
    with pytest.raises(ValueError, match="no infinity"):
        to_text(float("inf"), 10)
