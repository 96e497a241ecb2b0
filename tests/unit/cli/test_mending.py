"""A body that somebody mended by hand: slips are told, what its sender said besides stays."""

import json

import pytest

from forgeledger.cli import exit_codes

WHERE = {
    "FORGELEDGER_COMMAND_QUEUE_URL": "commands",
    "FORGELEDGER_REJECT_QUEUE_URL": "rejects",
}
CLAIM = {"type": "claim", "jobId": "j", "itemId": "a"}


@pytest.mark.parametrize(
    ("rejected", "mended", "told"),
    [
        (CLAIM, {"leaseSecond": 60}, "leaseSecond: is no field of a command; did you mean lease"),
        ("no JSON", {"wrkerId": "x"}, "wrkerId: is no field of a command; did you mean workerId?"),
        (CLAIM, {"error": {"retriable": True}}, "retriable: is no field of an error; did you mean"),
        (CLAIM, {"commands": [{}, {"atempt": 1}]}, "commands[1].atempt: is no field of a command"),
        ([], {"shoe": 1}, "shoe: is no field of a command"),
    ],
)
def test_a_slip_in_a_mended_body_is_told_before_anything_is_sent(
    forgeledger, sqs, rejected, mended, told
):
    rejects, commands = sqs.queues["rejects"], sqs.queues["commands"]
    rejects.put(json.dumps(rejected))

    body = json.dumps({**CLAIM, **mended} if "commands" not in mended else mended)
    ended = forgeledger("rejects", "redrive", "m1", "--body", "-", stdin=body, **WHERE)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: --body: {told}")
    assert commands.messages == []
    assert rejects.bodies == [json.dumps(rejected)]
    assert rejects.hidden == []


@pytest.mark.parametrize(
    "mended",
    [
        {**CLAIM, "traceId": "t", "error": {"type": "E", "stack": "s"}, "lease_seconds": 5},
        {"commands": [{**CLAIM, "traceId": "t"}, CLAIM]},
        {"commands": "what is wrong in another way, the intake says"},
    ],
)
def test_what_the_sender_said_besides_stays_in_a_mended_body(
    forgeledger, rejects, commands, mended
):
    extras = {"traceId": "t", "error": {"stack": "s"}, "leaseSeconds": "5"}
    rejects.put(json.dumps({"commands": [CLAIM, {**CLAIM, **extras}]}))

    ended = forgeledger(
        "rejects", "redrive", "m1", "--body", "-", stdin=json.dumps(mended), **WHERE
    )

    assert ended.code == 0
    assert [json.loads(body) for body in commands.bodies] == [mended]


def test_what_the_sender_said_in_a_body_that_was_not_json_stays_too(forgeledger, rejects, commands):
    rejects.put('{"type": "claim", "traceId" : "t", "jobId": "j", "itemId":')
    mended = json.dumps({**CLAIM, "traceId": "t"})

    ended = forgeledger("rejects", "redrive", "m1", "--body", "-", stdin=mended, **WHERE)

    assert ended.code == 0
    assert commands.bodies == [mended]


def test_a_byte_order_mark_is_no_part_of_a_mended_body(forgeledger, rejects, commands, tmp_path):
    rejects.put("{}")
    file = tmp_path / "mended.json"
    file.write_text("\ufeff" + json.dumps(CLAIM), encoding="utf-8")

    forgeledger("rejects", "redrive", "m1", "--body", file, **WHERE)

    assert [json.loads(body) for body in commands.bodies] == [CLAIM]


def test_a_body_of_several_lines_is_told_with_the_line_that_is_no_json(forgeledger, sqs):
    ended = forgeledger("rejects", "redrive", "m", "--body", "-", stdin='{\n"a": }', **WHERE)

    assert ended.err == "forgeledger: --body: is not JSON: Expecting value: line 2 column 6\n"
