"""Dead letters: listed, shown, and redriven with the ids that their commands had."""

import json

import pytest

from forgeledger.cli import exit_codes

WHERE = {"FORGELEDGER_COMMAND_QUEUE_URL": "commands"}
FIRST_ID = "6f1c2d3e-4b5a-6978-8897-a6b5c4d3e2f1"


@pytest.fixture
def letters(sqs):
    return sqs.queues["letters"]


def test_they_are_found_through_the_command_queue_and_stay(forgeledger, letters):
    letters.put('{"number":1}', "g")

    ended = forgeledger("deadletters", "list", "--json", **WHERE)

    assert json.loads(ended.out)["sourceGroupId"] == "g"
    assert letters.hidden == []


def test_none_is_a_remark(forgeledger, letters):
    ended = forgeledger("deadletters", "list", **WHERE)

    assert (letters.messages, ended.err) == ([], "no dead letters\n")


def test_one_is_shown(forgeledger, letters):
    letters.put('{"number":1}', "g")

    ended = forgeledger("deadletters", "show", "m1", "--body", **WHERE)

    assert ended.out == '{"number":1}\n'


@pytest.mark.parametrize("words", [("list",), ("show", "m1"), ("redrive",)])
def test_a_queue_without_dead_letters_is_not_found(forgeledger, commands, words):
    commands.attributes.clear()

    ended = forgeledger("deadletters", *words, **WHERE)

    assert ended.code == exit_codes.NOT_FOUND
    assert ended.err == "forgeledger: the command queue has no dead-letter queue\n"


@pytest.mark.parametrize(
    ("sent_with", "first_id"),
    [
        # SQS makes the first id of a dead letter its deduplication id.
        ({"deduplication_id": FIRST_ID}, FIRST_ID),
        ({"deduplication_id": "of an engine that keeps the sender's"}, "m1"),
        ({"deduplication_id": FIRST_ID, "sourceMessageId": "o1"}, "o1"),
        # Neither does the intake take it for the id of a message.
        ({"deduplication_id": FIRST_ID, "sourceMessageId": "o" * 129}, FIRST_ID),
    ],
)
def test_each_command_keeps_the_id_that_it_had_at_first(
    forgeledger, letters, commands, sent_with, first_id
):
    body = '{"commands": [ {"type": "fail"}, {"type": "fail", "command_id": "own"} ], "x": 1e15}'
    letters.put(body, "g", **sent_with)

    ended = forgeledger("deadletters", "redrive", **WHERE)

    assert ended.code == 0
    (message,) = commands.messages
    assert message.body == body.replace('"fail"}', f'"fail","commandId":"{first_id}:0"}}', 1)
    assert message.group == "g"
    assert message.attributes["sourceMessageId"]["StringValue"] == first_id
    assert letters.messages == []


def test_attributes_of_its_sender_are_not_taken_for_those_of_a_reject(
    forgeledger, letters, commands
):
    body = '{"commands":[{"commandId":"a"},{"commandId":"b"}]}'
    letters.put(body, "g", indexes="[1]", sourceGroupId="h", detail="7")

    forgeledger("deadletters", "redrive", **WHERE)

    assert [(message.body, message.group) for message in commands.messages] == [(body, "g")]


def test_one_alone_is_redriven(forgeledger, letters, commands):
    letters.put('{"number":1}', "g")
    letters.put('{"number":2}', "h")

    forgeledger("deadletters", "redrive", "m2", **WHERE)

    assert [message.group for message in commands.messages] == ["h"]
    assert letters.bodies == ['{"number":1}']
