import json

import pytest

from forgeledger.cli import exit_codes

WHERE = {
    "FORGELEDGER_COMMAND_QUEUE_URL": "commands",
    "FORGELEDGER_REJECT_QUEUE_URL": "rejects",
}


def reject(queue, number, group="g", **attributes):
    attributes = {"reason": "unknown_job", "detail": '[{"field": "jobId"}]', **attributes}
    return queue.put(
        f'{{"number":{number}}}',
        group,
        sourceMessageId=f"o{number}",
        sourceGroupId=group,
        **attributes,
    )


def sent(queue, group):
    return [
        json.loads(message.body)["number"] for message in queue.messages if message.group == group
    ]


def test_rejects_are_listed_with_reason_and_detail_and_stay(forgeledger, rejects):
    reject(rejects, 1)
    reject(rejects, 2, group="h")

    ended = forgeledger("rejects", "list", **WHERE)

    assert [line.split()[:2] for line in ended.lines[1:]] == [
        ["m1", "unknown_job"],
        ["m2", "unknown_job"],
    ]
    assert len(rejects.messages) == 2
    assert rejects.hidden == []


def test_what_sqs_does_not_show_behind_a_locked_group_is_counted(forgeledger, rejects):
    for number in range(14):
        reject(rejects, number)

    ended = forgeledger("rejects", "list", "--json", **WHERE)

    assert len(ended.lines) == 10
    assert ended.err == (
        "about 4 more are in the queue; SQS does not deliver them before these are gone\n"
    )
    assert json.loads(ended.lines[0])["detail"] == [{"field": "jobId"}]


def test_no_more_are_listed_than_asked_for(forgeledger, rejects):
    for number in range(3):
        reject(rejects, number)

    ended = forgeledger("rejects", "list", "--limit", 1, "--json", **WHERE)

    assert len(ended.lines) == 1
    assert ended.err == "about 2 more are in the queue\n"
    assert rejects.hidden == []


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ([{"field": "body", "rule": "must be JSON"}], "body: must be JSON"),
        (
            [
                {"index": 0, "field": "type", "rule": "is required"},
                {"index": 0, "field": "jobId", "rule": "is required"},
            ],
            "type: is required; jobId: is required",
        ),
        (
            [
                {"index": 0, "field": "commands[0].type", "rule": "is required"},
                {"index": 3, "field": "commands[3].jobId", "rule": "is required"},
            ],
            "commands[0].type: is required; commands[3].jobId: is required",
        ),
        (
            [
                {"index": 0, "field": "type", "rule": "Field required"},
                {"index": 3, "field": "command", "rule": "Input should be an object"},
            ],
            "commands[0].type: Field required; commands[3]: Input should be an object",
        ),
        ({"of": "another kind"}, "{'of': 'another kind'}"),
    ],
)
def test_what_is_wrong_is_explained_in_words(forgeledger, rejects, detail, text):
    reject(rejects, 1, detail=json.dumps(detail))

    listed = forgeledger("rejects", "list", **WHERE)
    shown = forgeledger("rejects", "show", "m1", **WHERE)

    assert listed.lines[1].endswith(text)
    assert f"detail          {text}" in shown.lines


def test_no_rejects_are_a_remark(forgeledger, rejects):
    ended = forgeledger("rejects", "list", **WHERE)

    assert (ended.out, ended.err) == ("", "no rejected messages\n")


def test_one_is_shown_whole_or_its_body_alone(forgeledger, rejects):
    reject(rejects, 1)
    reject(rejects, 2, detail="not JSON")

    whole = forgeledger("rejects", "show", "m2", **WHERE)
    body = forgeledger("rejects", "show", "m1", "--body", **WHERE)

    assert "source message  o2" in whole.lines
    assert "detail          not JSON" in whole.lines
    assert whole.lines[-1] == '{"number":2}'
    assert body.out == '{"number":1}\n'
    assert rejects.hidden == []


def test_one_that_is_not_there_is_not_found(forgeledger, rejects):
    ended = forgeledger("rejects", "show", "m9", **WHERE)

    assert ended.code == exit_codes.NOT_FOUND
    assert ended.err.startswith("forgeledger: m9: no such message")


def test_all_are_redriven_in_order_under_their_first_group(forgeledger, rejects, commands):
    for number in range(30):
        reject(rejects, number, group="even" if number % 2 == 0 else "odd")

    ended = forgeledger("rejects", "redrive", **WHERE)

    assert ended.code == 0
    assert ended.out == (
        "30 sent to the command queue; 0 rejected again so far, more may follow: "
        "see `forgeledger rejects list`\n"
    )
    assert sent(commands, "even") == list(range(0, 30, 2))
    assert sent(commands, "odd") == list(range(1, 30, 2))
    assert rejects.messages == []


def test_a_refused_message_stops_its_group_and_no_other(forgeledger, rejects, commands):
    for number in range(4):
        reject(rejects, number, group="even" if number % 2 == 0 else "odd")
    commands.refuses = {'{"number":0,"commandId":"o0:0"}'}

    ended = forgeledger("rejects", "redrive", **WHERE)

    assert ended.code == exit_codes.UNREACHABLE
    assert sent(commands, "odd") == [1, 3]
    assert sent(commands, "even") == []
    assert rejects.bodies == ['{"number":0}', '{"number":2}']
    assert rejects.hidden == []
    assert "m1: not accepted, so its group waits: InternalError: no" in ended.err


def test_what_is_rejected_again_is_not_sent_forever(forgeledger, sqs, rejects, commands):
    for number in range(12):
        reject(rejects, number)
    sqs.on_send = lambda stored: rejects.put(
        stored.body,
        stored.group,
        f"again-{stored.message_id}",
        stored.message_id,
        reason="unknown_job",
    )

    ended = forgeledger("rejects", "redrive", "--json", **WHERE)

    assert ended.code == exit_codes.NOT_AS_HOPED
    assert sent(commands, "g") == list(range(12))
    assert [json.loads(body)["number"] for body in rejects.bodies] == list(range(12))
    assert json.loads(ended.out)["sent"] == 12
    assert "rejected again: unknown_job" in ended.err
    assert rejects.hidden == []


def test_an_answer_without_the_others_is_not_taken_for_success(forgeledger, sqs, rejects):
    for number in range(12):
        reject(rejects, number, group=f"g{number}")
    back = []
    sqs.on_send = lambda stored: (
        back
        or back.append(stored)
        or rejects.put(stored.body, stored.group, "again", stored.message_id)
    )

    queue = ("--reject-queue-url", "rejects")
    ended = forgeledger("rejects", "redrive", *queue, **WHERE)

    assert ended.code == exit_codes.NOT_AS_HOPED
    assert ended.out == (
        "12 sent to the command queue; 1 rejected again so far, the other 11 may follow: "
        "see `forgeledger rejects list --reject-queue-url rejects`\n"
    )


def test_what_cannot_be_deleted_is_named_and_harmless_to_repeat(forgeledger, rejects, commands):
    reject(rejects, 1)
    rejects.keeps = True
    first = forgeledger("rejects", "redrive", **WHERE)
    rejects.queue.make_visible(rejects.messages)
    rejects.keeps = False

    second = forgeledger("rejects", "redrive", **WHERE)

    assert first.code == exit_codes.UNREACHABLE
    assert "m1: sent but not deleted" in first.err
    assert second.code == 0
    assert sent(commands, "g") == [1]
    assert rejects.messages == []


def test_one_is_redriven_with_a_mended_body(forgeledger, ledger, rejects, commands):
    job_id = ledger.create_job("nightly").job_id
    reject(rejects, 1)
    reject(rejects, 2)

    corrected = f'{{"type": "claim", "jobId": "{job_id}", "itemId": "a", "number": 3}}\n'
    ended = forgeledger("rejects", "redrive", "m2", "--body", "-", stdin=corrected, **WHERE)

    assert ended.code == 0
    assert sent(commands, "g") == [3]
    assert rejects.bodies == ['{"number":1}']
    assert rejects.hidden == []


def test_large_messages_are_not_sent_in_one_request(forgeledger, rejects, commands):
    for group in "abc":
        rejects.put(json.dumps({"number": 1, "filling": "x" * 500_000}), group)

    ended = forgeledger("rejects", "redrive", **WHERE)

    assert ended.code == 0
    assert len(commands.messages) == 3


def test_a_body_from_a_file_is_checked_before_anything_is_sent(
    forgeledger, rejects, commands, tmp_path
):
    file = tmp_path / "corrected.json"
    reject(rejects, 1)

    file.write_bytes(b"\xff")
    not_utf8 = forgeledger("rejects", "redrive", "m1", "--body", file, **WHERE)
    file.write_text("[]", encoding="utf-8")
    not_an_object = forgeledger("rejects", "redrive", "m1", "--body", file, **WHERE)
    file.write_text(json.dumps({"filling": "x" * 1_100_000}), encoding="utf-8")
    too_large = forgeledger("rejects", "redrive", "m1", "--body", file, **WHERE)
    for_all = forgeledger("rejects", "redrive", "--body", file, **WHERE)

    assert not_utf8.err == "forgeledger: --body: is not UTF-8\n"
    assert not_an_object.err == "forgeledger: --body: is not a JSON object\n"
    assert "at most 1048576" in too_large.err
    assert for_all.code == exit_codes.USAGE
    assert commands.messages == []
