"""Corrected bodies: slips are errors, unknown fields of the sender may stay."""

import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.cli.redriven_body import with_ids
from forgeledger.jobs.messages.command_message import decode
from forgeledger.sdk.errors import NoAnswerError

WHERE = {
    "FORGELEDGER_COMMAND_QUEUE_URL": "commands",
    "FORGELEDGER_REJECT_QUEUE_URL": "rejects",
    # Without an API no job is looked up.
    "FORGELEDGER_API_URL": "",
}
JOB = "01KAJXPF80000APN59HKNHY2PJ-8"
CLAIM = {"type": "claim", "jobId": JOB, "itemId": "a"}


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
    assert commands.bodies == [with_ids(json.dumps(corrected), "m1")]


def test_what_the_sender_said_in_a_body_that_was_not_json_stays_too(forgeledger, rejects, commands):
    rejects.put('{"type": "claim", "traceId" : "t", "jobId": "j", "itemId":')
    corrected = json.dumps({**CLAIM, "traceId": "t"})

    ended = forgeledger("rejects", "redrive", "m1", "--body", "-", stdin=corrected, **WHERE)

    assert ended.code == 0
    assert commands.bodies == [with_ids(corrected, "m1")]


def test_a_byte_order_mark_is_no_part_of_a_mended_body(forgeledger, rejects, commands, tmp_path):
    rejects.put("{}")
    file = tmp_path / "corrected.json"
    file.write_text("\ufeff" + json.dumps(CLAIM), encoding="utf-8")

    forgeledger("rejects", "redrive", "m1", "--body", file, **WHERE)

    assert commands.bodies == [with_ids(json.dumps(CLAIM), "m1")]


def test_a_body_of_several_lines_is_reported_with_the_line_that_is_no_json(forgeledger, sqs):
    ended = forgeledger("rejects", "redrive", "m", "--body", "-", stdin='{\n"a": }', **WHERE)

    assert ended.err == "forgeledger: --body: is not JSON: Expecting value: line 2 column 6\n"


def redrive_with(forgeledger, rejects, job_id, **where):
    rejects.put("no JSON")
    body = json.dumps({**CLAIM, "jobId": job_id})
    return forgeledger("rejects", "redrive", "m1", "--body", "-", stdin=body, **{**WHERE, **where})


def test_a_body_whose_job_does_not_exist_is_not_sent(forgeledger, rejects, commands):
    ended = redrive_with(forgeledger, rejects, JOB, FORGELEDGER_API_URL="http://api.test")

    assert ended.code == exit_codes.NOT_FOUND
    assert ended.err == f"forgeledger: --body: jobId: unknown_job: There is no job {JOB}.\n"
    assert (commands.messages, rejects.bodies, rejects.hidden) == ([], ["no JSON"], [])


@pytest.mark.parametrize("job_id", ["nope", "nope-4", f"{JOB}8"])
def test_a_body_with_what_cannot_be_a_job_is_not_sent(forgeledger, rejects, commands, job_id):
    ended = redrive_with(forgeledger, rejects, job_id)

    assert ended.code == exit_codes.USAGE
    assert ended.err == f"forgeledger: --body: jobId: {job_id!r} is not the id of a job\n"
    assert (commands.messages, rejects.bodies) == ([], ["no JSON"])


def test_a_body_whose_job_exists_is_sent_without_a_note(forgeledger, ledger, rejects, commands):
    job = ledger.create_job("nightly")

    ended = redrive_with(forgeledger, rejects, job.job_id, FORGELEDGER_API_URL="http://api.test")

    assert (ended.code, ended.err) == (0, "")
    assert len(commands.messages) == 1


@pytest.mark.parametrize(
    ("api_url", "why"),
    [("", "the API's address is not known"), ("http://api.test", "GET http://api.test")],
)
def test_a_job_that_could_not_be_looked_up_is_a_note(forgeledger, api, sqs, api_url, why):
    def unreachable(_number):
        raise NoAnswerError("GET", "http://api.test", "refused")

    api.on_request = unreachable
    rejects = sqs.queues["rejects"]
    ended = redrive_with(forgeledger, rejects, JOB, FORGELEDGER_API_URL=api_url)

    assert ended.code == 0
    assert ended.err.startswith(f"note: whether its job exists was not checked: {why}")
    assert len(sqs.queues["commands"].messages) == 1
