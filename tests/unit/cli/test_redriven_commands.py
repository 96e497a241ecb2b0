"""Rejected commands are redriven as they came, each with the id that it had."""

import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.jobs.model.limits import MESSAGE_BYTES

WHERE = {
    "FORGELEDGER_COMMAND_QUEUE_URL": "commands",
    "FORGELEDGER_REJECT_QUEUE_URL": "rejects",
}
SMALLER_BYTES = 256 * 1024
JOB_ID = "01KAJXPF80000APN59HKNHY2PJ-4"


def partial(queue, *commands, indexes, **attributes):
    """A message with many commands, some of which were rejected."""
    body = f'{{"commands": [{", ".join(commands)}], "extra": 1e15}}'
    return queue.put(
        body, sourceMessageId="o1", indexes=json.dumps(indexes), reason="invalid", **attributes
    )


def claim(item_id, more=""):
    return f'{{"type": "claim",  "jobId": "{JOB_ID}", "itemId": "{item_id}"{more}}}'


def test_of_a_message_with_many_commands_the_rejected_ones_are_shown_and_redriven(
    forgeledger, rejects, commands
):
    partial(rejects, claim("a"), claim("b", ', "at": 1e400'), "7", claim("c"), indexes=[1, 2])

    shown = forgeledger("rejects", "show", "m1", "--body", **WHERE)
    listed = forgeledger("rejects", "list", "--json", **WHERE)
    ended = forgeledger("rejects", "redrive", **WHERE)

    wrong = claim("b", ', "at": 1e400')
    assert shown.out == f'{{"commands":[{wrong},7]}}\n'
    assert json.loads(listed.out)["body"] == shown.out[:-1]
    assert ended.code == 0
    with_id = claim("b", ', "at": 1e400,"commandId":"o1:1"')
    assert commands.bodies == [f'{{"commands":[{with_id},7]}}']


def test_a_redriven_message_says_where_it_comes_from(forgeledger, rejects, commands):
    rejects.put('{"number":1}', sourceMessageId="o1")
    rejects.put('{"number":2}', movedAt="2026-01-01T00:00:00.000Z", sourceMessageId="o2")

    forgeledger("rejects", "redrive", **WHERE)

    sent_with = [
        {name: value["StringValue"] for name, value in message.attributes.items()}
        for message in commands.messages
    ]
    assert sent_with == [
        {"sourceMessageId": "o1", "movedAt": "2026-11-21T10:00:00.000Z"},
        {"sourceMessageId": "o2", "movedAt": "2026-01-01T00:00:00.000Z"},
    ]


def test_corrected_commands_have_other_ids_than_the_commands_of_the_message(
    forgeledger, rejects, commands
):
    partial(rejects, claim("a"), claim(""), indexes=[1])

    ended = forgeledger(
        "rejects", "redrive", "m1", "--body", "-", stdin=claim("b"), **WHERE, FORGELEDGER_API_URL=""
    )

    assert ended.code == 0
    (body,) = commands.bodies
    assert json.loads(body)["commandId"] == "m1:0"


def test_a_message_as_large_as_allowed_is_redriven_with_its_ids_in_the_attribute_alone(
    forgeledger, rejects, commands
):
    body = json.dumps({"number": 1, "filling": "x" * (MESSAGE_BYTES - 100)})
    rejects.put(body, sourceMessageId="o1")

    ended = forgeledger("rejects", "redrive", **WHERE)

    assert ended.code == 0
    (message,) = commands.messages
    assert message.body == body
    assert message.attributes["sourceMessageId"]["StringValue"] == "o1"


def test_one_that_needs_no_ids_is_redriven_without_attributes(forgeledger, rejects, commands):
    body = json.dumps({"commandId": "c", "filling": "x" * MESSAGE_BYTES})[: MESSAGE_BYTES - 2]
    rejects.put(body + '"}')

    ended = forgeledger("rejects", "redrive", **WHERE)

    assert ended.code == 0
    assert commands.messages[0].attributes == {}


def test_one_without_room_for_its_ids_is_refused_and_no_other_group_waits(
    forgeledger, rejects, commands
):
    rejects.put(json.dumps({"filling": "x" * (MESSAGE_BYTES - 20)}))
    rejects.put('{"number":2}', "h")

    ended = forgeledger("rejects", "redrive", **WHERE)

    assert ended.code == exit_codes.UNREACHABLE
    assert "m1: not accepted, so its group waits: with the ids of its commands" in ended.err
    assert [message.group for message in commands.messages] == ["h"]
    assert len(rejects.messages) == 1


@pytest.mark.parametrize("indexes", ["no list", "5", '["0"]', "[-1]", "[true]"])
def test_rejects_with_unreadable_indexes_are_shown_whole(forgeledger, rejects, indexes):
    rejects.put('{"number":1}', indexes=indexes)

    assert forgeledger("rejects", "show", "m1", "--body", **WHERE).out == '{"number":1}\n'


@pytest.mark.parametrize("source", ["rejects", "deadletters"])
def test_where_sqs_takes_256_kib_requests_have_no_more(forgeledger, sqs, commands, source):
    queue = sqs.queues["letters" if source == "deadletters" else source]
    commands.attributes["MaximumMessageSize"] = str(SMALLER_BYTES)
    for number in range(5):
        queue.put(json.dumps({"commandId": "c", "filling": "x" * 100_000}), f"g{number}")

    ended = forgeledger(source, "redrive", **WHERE)

    assert ended.code == 0, ended.err
    assert [len(entries) for entries in commands.calls] == [2, 2, 1]
    assert (len(commands.messages), queue.messages) == (5, [])


def test_where_sqs_takes_256_kib_a_message_that_large_is_redriven_alone_and_its_ids_beside_it(
    forgeledger, rejects, commands
):
    commands.attributes["MaximumMessageSize"] = str(SMALLER_BYTES)
    body = json.dumps({"filling": "x" * (SMALLER_BYTES - 60)})
    rejects.put(body, "g", sourceMessageId="o1")
    rejects.put('{"number":2}', "h")

    ended = forgeledger("rejects", "redrive", **WHERE)

    assert ended.code == 0, ended.err
    assert commands.bodies[0] == body
    assert commands.messages[0].attributes.keys() == {"sourceMessageId"}
    assert [len(entries) for entries in commands.calls] == [1, 1]


def test_where_sqs_takes_256_kib_one_that_is_larger_is_refused_and_no_other_group_waits(
    forgeledger, rejects, commands
):
    commands.attributes["MaximumMessageSize"] = str(SMALLER_BYTES)
    rejects.put(json.dumps({"filling": "x" * (SMALLER_BYTES + 100)}))
    rejects.put('{"number":2}', "h")

    ended = forgeledger("rejects", "redrive", **WHERE)

    assert ended.code == exit_codes.UNREACHABLE
    assert "m1: not accepted, so its group waits" in ended.err
    assert "larger than the 262,144 bytes that the command queue takes" in ended.err
    assert [message.group for message in commands.messages] == ["h"]
