"""Corrected bodies: slips are errors, unknown fields of the sender may stay."""

import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.jobs.messages.command_message import decode

WHERE = {
    "FORGELEDGER_COMMAND_QUEUE_URL": "commands",
    "FORGELEDGER_REJECT_QUEUE_URL": "rejects",
}
CLAIM = {"type": "claim", "jobId": "j", "itemId": "a"}


@pytest.mark.parametrize(
    ("rejected", "corrected", "error"),
    [
        (
            CLAIM,
            {"leaseSecond": 60},
            "leaseSecond: is not a field of a command; did you mean lease",
        ),
        (
            "no JSON",
            {"wrkerId": "x"},
            "wrkerId: is not a field of a command; did you mean workerId?",
        ),
        (
            CLAIM,
            {"error": {"retriable": True}},
            "retriable: is not a field of an error; did you mean",
        ),
        (
            CLAIM,
            {"commands": [{}, {"atempt": 1}]},
            "commands[1].atempt: is not a field of a command",
        ),
        ([], {"shoe": 1}, "shoe: is not a field of a command"),
    ],
)
def test_a_misspelling_in_a_corrected_body_is_reported_before_anything_is_sent(
    forgeledger, sqs, rejected, corrected, error
):
    rejects, commands = sqs.queues["rejects"], sqs.queues["commands"]
    rejects.put(json.dumps(rejected))

    body = json.dumps({**CLAIM, **corrected} if "commands" not in corrected else corrected)
    ended = forgeledger("rejects", "redrive", "m1", "--body", "-", stdin=body, **WHERE)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: --body: {error}")
    assert commands.messages == []
    assert rejects.bodies == [json.dumps(rejected)]
    assert rejects.hidden == []


@pytest.mark.parametrize(
    ("corrected", "error"),
    [
        ({"type": "claim"}, "jobId: is required; itemId: is required"),
        ({**CLAIM, "lease_seconds": "60"}, "leaseSeconds: must be a whole number"),
        ({**CLAIM, "error": {"retryable": 1}}, "error.type: is required; error.retryable: must be"),
        ({"commands": [CLAIM, {**CLAIM, "attempt": 0}]}, "commands[1].attempt: must be at least 1"),
        ({"commands": [CLAIM, "no command"]}, "commands[1]: "),
        ({"commands": "no list"}, "commands: must be a list of 1 to 500 commands"),
        ({"commands": []}, "commands: must be a list of 1 to 500 commands"),
        ({**CLAIM, "payload": "\ud800"}, "body: must be JSON: "),
    ],
)
def test_a_corrected_body_that_the_intake_would_reject_is_refused_in_its_words(
    forgeledger, sqs, corrected, error
):
    rejects, commands = sqs.queues["rejects"], sqs.queues["commands"]
    rejects.put(json.dumps(CLAIM))

    body = json.dumps(corrected)
    ended = forgeledger("rejects", "redrive", "m1", "--body", "-", stdin=body, **WHERE)

    decoded = decode(body, "m1")
    first = decoded.with_paths(decoded.problems)[0]
    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: --body: {error}")
    assert ended.err.startswith(f"forgeledger: --body: {first.field}: {first.rule}")
    assert commands.messages == []
    assert rejects.bodies == [json.dumps(CLAIM)]
    assert rejects.hidden == []


def test_of_many_mistakes_the_first_are_reported_and_how_many_follow(
    forgeledger, rejects, commands
):
    rejects.put("no JSON")
    wrong = json.dumps({"commands": [{**CLAIM, "attempt": 0}] * 500})

    ended = forgeledger("rejects", "redrive", "m1", "--body", "-", stdin=wrong, **WHERE)

    assert ended.err.endswith("; commands[9].attempt: must be at least 1; and 490 more\n")
    assert commands.messages == []


@pytest.mark.parametrize(
    "corrected",
    [
        {**CLAIM, "traceId": "t", "error": {"type": "E", "stack": "s"}, "lease_seconds": 5},
        {"commands": [{**CLAIM, "traceId": "t"}, CLAIM]},
    ],
)
def test_what_the_sender_said_besides_stays_in_a_mended_body(
    forgeledger, rejects, commands, corrected
):
    extras = {"traceId": "t", "error": {"stack": "s"}, "leaseSeconds": "5"}
    rejects.put(json.dumps({"commands": [CLAIM, {**CLAIM, **extras}]}))

    ended = forgeledger(
        "rejects", "redrive", "m1", "--body", "-", stdin=json.dumps(corrected), **WHERE
    )

    assert ended.code == 0
    assert [json.loads(body) for body in commands.bodies] == [corrected]


def test_what_the_sender_said_in_a_body_that_was_not_json_stays_too(forgeledger, rejects, commands):
    rejects.put('{"type": "claim", "traceId" : "t", "jobId": "j", "itemId":')
    corrected = json.dumps({**CLAIM, "traceId": "t"})

    ended = forgeledger("rejects", "redrive", "m1", "--body", "-", stdin=corrected, **WHERE)

    assert ended.code == 0
    assert commands.bodies == [corrected]


def test_a_byte_order_mark_is_no_part_of_a_mended_body(forgeledger, rejects, commands, tmp_path):
    rejects.put("{}")
    file = tmp_path / "corrected.json"
    file.write_text("\ufeff" + json.dumps(CLAIM), encoding="utf-8")

    forgeledger("rejects", "redrive", "m1", "--body", file, **WHERE)

    assert [json.loads(body) for body in commands.bodies] == [CLAIM]


def test_a_body_of_several_lines_is_reported_with_the_line_that_is_no_json(forgeledger, sqs):
    ended = forgeledger("rejects", "redrive", "m", "--body", "-", stdin='{\n"a": }', **WHERE)

    assert ended.err == "forgeledger: --body: is not JSON: Expecting value: line 2 column 6\n"
