import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.jobs.model.ids import make_job_id
from tests.support.fake_queues import FakeCommandQueue, Fault, denied

QUEUE = {"FORGELEDGER_COMMAND_QUEUE_URL": "https://queue.test/commands.fifo"}
JOB = make_job_id(1_795_255_200_000, 1, 4)


@pytest.fixture
def queue(clients):
    clients["sqs"] = FakeCommandQueue()
    return clients["sqs"]


def test_a_command_is_sent_under_its_lanes_group_with_all_that_was_said(forgeledger, queue):
    ended = forgeledger(
        *("send", "complete", JOB, "a", "--attempt", 2, "--worker-id", "w", "--command-id", "c"),
        *("--result", '{"pages": 3}'),
        **QUEUE,
    )

    command = queue.commands[0]
    assert ended.out == "1 sent\n"
    assert command.pop("at").endswith("Z")
    assert command == {
        "type": "complete",
        "jobId": JOB,
        "itemId": "a",
        "attempt": 2,
        "workerId": "w",
        "commandId": "c",
        "result": {"pages": 3},
    }
    assert queue.arrivals[0]["MessageGroupId"].startswith(f"{JOB}#")


def test_a_failure_says_whether_to_try_again(forgeledger, queue):
    forgeledger(
        *("send", "fail", JOB, "a", "--error-type", "Boom", "--error-message", "no"),
        "--permanent",
        **QUEUE,
    )

    assert queue.commands[0]["error"] == {"type": "Boom", "message": "no", "retryable": False}


def test_a_command_says_which_dispatch_it_is_for_and_how_long_its_item_waits(forgeledger, queue):
    forgeledger(
        *("send", "fail", JOB, "a", "--dispatch", 3, "--retry-after-seconds", 60),
        *("--error-type", "TooManyRequests"),
        **QUEUE,
    )

    command = queue.commands[0]
    assert (command["dispatch"], command["retryAfterSeconds"]) == (3, 60)


def test_an_item_is_registered_with_all_that_was_said(forgeledger, queue):
    details = {"kind": "resize", "group": "acme", "notBefore": "2026-12-01T09:00:00Z"}

    forgeledger(
        *("send", "register", JOB, "a", "--kind", "resize", "--group", "acme"),
        *("--not-before", "2026-12-01T09:00:00Z"),
        **QUEUE,
    )

    assert details.items() <= queue.commands[0].items()


def test_commands_of_a_file_keep_the_order_of_their_lane(forgeledger, queue, tmp_path):
    file = tmp_path / "commands.jsonl"
    kinds = ("register", "claim", "complete")
    lines = [{"type": kind, "job_id": JOB, "itemId": "a"} for kind in kinds]
    lines.append({"commands": [{"type": "retry", "jobId": JOB, "itemId": "a"}]})
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")

    ended = forgeledger("send", "--file", file, "--json", **QUEUE)

    assert json.loads(ended.out) == {"sent": 4}
    assert queue.reported() == [(kind, "a") for kind in (*kinds, "retry")]
    assert len({command["commandId"] for command in queue.commands}) == 4


@pytest.mark.parametrize(
    ("words", "stdin", "error"),
    [
        (("complete",), "", "JOB_ID: is required"),
        ((), "", "TYPE: is required"),
        (("finish", JOB, "a"), "", "TYPE: must be 'register', 'claim', "),
        (("complete", JOB, "a", "--result", "{"), "", "--result: is not JSON"),
        (
            ("complete", JOB, "a", "--error-type", "E"),
            "",
            "--error-type: goes with fail, not with complete",
        ),
        (
            ("release", JOB, "a", "--lease-seconds", 5),
            "",
            "--lease-seconds: goes with claim and heartbeat, not with release",
        ),
        (("claim", JOB, "a", "--payload", "1"), "", "--payload: goes with register, not with"),
        (("retry", JOB, "a", "--dispatch", 1), "", "--dispatch: goes with claim and heartbeat"),
        (
            ("register", JOB, "a", "--group", "two words"),
            "",
            "--group: must have only letters, digits and punctuation of ASCII",
        ),
        (("fail", JOB, "a", "--result", "1"), "", "--result: goes with complete, not with fail"),
        (("retry", JOB, "a", "--permanent"), "", "--permanent: goes with fail, not with retry"),
        (("fail", JOB, "a", "--permanent"), "", "--permanent: needs --error-type as well"),
        (("complete", JOB, "a", "--result", f'"{"x" * 40_000}"'), "", "--result: must be at most "),
        (
            ("complete", JOB, "a", "--result", '{"a": ["\\ud800"]}'),
            "",
            "--result.a[0]: must be valid Unicode: no lone surrogates\n",
        ),
        (
            ("--file", "-"),
            json.dumps({"type": "claim", "jobId": JOB, "itemId": "a", "workerId": "\udfff"}),
            "stdin:1: workerId: must be valid Unicode: no lone surrogates\n",
        ),
        (("complete", JOB, "a", "--file", "-"), "", "--file: cannot be given together"),
        (("--file", "-"), "nonsense", "stdin:1: is not JSON"),
        (
            ("--file", "-"),
            '{"type": "claim", "jobId": "j", "itemId": "a", "leaseSecond": 5}',
            "stdin:1: leaseSecond: is not a field of a command; did you mean leaseSeconds?",
        ),
        (
            ("--file", "-"),
            '\n{"type": "fail", "error": {"type": "E", "retriable": false}}',
            "stdin:2: retriable: is not a field of an error; did you mean retryable?",
        ),
        (("--file", "-"), '{"commands": 1}', "stdin:1: commands is not a list"),
        (("--file", "-"), '{"commands": [1]}', "stdin:1: commands[0]: is not a JSON object"),
        (
            ("--file", "-"),
            json.dumps(
                {"commands": [{"type": "claim", "jobId": JOB, "itemId": "a"}, {"type": "x"}]}
            ),
            "stdin:1: commands[1]: type: must be ",
        ),
        *(
            (("--file", "-", *words), "{}", f"{words[0]}: cannot be given together with --file")
            for words in (("--worker-id", "w"), ("--attempt", 1), ("--permanent",))
        ),
        (("--file", "-"), '\n{"type": "claim"}', "stdin:2: jobId: is required; itemId: is"),
        (
            ("claim", JOB, "a", "--lease-seconds", 9_999_999),
            "",
            "--lease-seconds: must be at most 604800\n",
        ),
        (
            ("claim", JOB, "a", "--worker-id", "w" * 257),
            "",
            "--worker-id: must have at most 256 characters\n",
        ),
        (
            ("fail", JOB, "a", "--error-type", "E", "--error-message", "x" * 4_097),
            "",
            "--error-message: must be at most 4096 bytes in UTF-8, not 4097\n",
        ),
        (
            ("fail", JOB, "a", "--error-type", "E" * 300),
            "",
            "--error-type: must have at most 256 characters\n",
        ),
    ],
)
def test_a_mistake_is_found_before_anything_is_sent(forgeledger, queue, words, stdin, error):
    ended = forgeledger("send", *words, stdin=stdin, **QUEUE)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {error}")
    assert queue.calls == []


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"leaseSeconds": "60"}, "leaseSeconds: must be a whole number"),
        ({"lease_seconds": -1}, "leaseSeconds: must be at least 1"),
        ({"attempt": 0}, "attempt: must be at least 1"),
        ({"attempt": "1"}, "attempt: must be a whole number"),
        ({"at": "yesterday"}, "at: must be a time with its zone as in 2026-11-21T10:00:00Z"),
        ({"error": "boom"}, "error: must be an object"),
        ({"error": {"type": 5}}, "error.type: must be text"),
        ({"commandId": 7}, "commandId: must be text"),
        ({"jobId": 7}, "jobId: must be text"),
    ],
)
def test_what_the_intake_would_reject_is_reported_by_its_line(forgeledger, queue, fields, error):
    command = {"type": "claim", "jobId": JOB, "itemId": "a"}
    lines = f"{json.dumps(command)}\n{json.dumps({**command, **fields})}"

    ended = forgeledger("send", "--file", "-", stdin=lines, **QUEUE)

    assert ended.code == exit_codes.USAGE
    assert ended.err == f"forgeledger: stdin:2: {error}\n"
    assert queue.calls == []


@pytest.mark.parametrize(
    ("words", "stdin", "line"),
    [
        (("claim", "x", "a"), "", "unknown_job: There is no job x."),
        (
            ("--file", "-"),
            '{"type": "claim", "jobId": "x", "itemId": "a"}',
            "stdin:1: unknown_job: There is no job x.",
        ),
    ],
)
def test_an_id_that_no_job_can_have_is_an_unknown_job_wherever_it_stands(
    forgeledger, queue, words, stdin, line
):
    ended = forgeledger("send", *words, stdin=stdin, **QUEUE)

    assert (ended.code, ended.err) == (exit_codes.NOT_FOUND, f"forgeledger: {line}\n")
    assert queue.calls == []


def test_nothing_is_sent_of_a_file_with_a_mistake_behind_more_than_a_buffer_holds(
    forgeledger, queue
):
    fine = json.dumps({"type": "claim", "jobId": JOB, "itemId": "a"})

    ended = forgeledger("send", "--file", "-", stdin=f"{fine}\n" * 20_001 + "{}", **QUEUE)

    assert ended.err.startswith("forgeledger: stdin:20002: type: is required; jobId: is required")
    assert queue.calls == []


def test_a_field_that_is_null_counts_as_unsaid(forgeledger, queue):
    command = {"type": "claim", "jobId": JOB, "itemId": "a"}
    nulls = {"attempt": None, "commandId": None, "at": None}

    forgeledger("send", "--file", "-", stdin=json.dumps({**command, **nulls}), **QUEUE)

    assert queue.commands[0]["commandId"]
    assert queue.commands[0]["at"].endswith("Z")


def test_more_commands_than_are_held_in_memory_are_sent(forgeledger, queue, monkeypatch):
    monkeypatch.setattr("forgeledger.cli.command_sender._BYTES_IN_MEMORY", 1_000)
    lines = [
        json.dumps({"type": "claim", "jobId": JOB, "itemId": f"item-{number}"})
        for number in range(100)
    ]

    ended = forgeledger("send", "--file", "-", stdin="\n".join(lines), **QUEUE)

    assert ended.out == "100 sent\n"
    assert {item for _, item in queue.reported()} == {f"item-{number}" for number in range(100)}


def test_messages_are_small_enough_for_every_queue(forgeledger, queue):
    lines = [
        json.dumps({"type": "complete", "jobId": JOB, "itemId": f"i{n}", "result": "x" * 30_000})
        for n in range(60)
    ]

    ended = forgeledger("send", "--file", "-", stdin="\n".join(lines), **QUEUE)

    assert ended.out == "60 sent\n"
    requests = [sum(len(e["MessageBody"]) for e in call) for call in queue.calls]
    assert max(requests) <= 256 * 1024


def test_a_refused_message_is_reported_with_the_words_of_sqs(forgeledger, queue):
    queue.fault = lambda number, entries: Fault(refused_for_good=frozenset({0}))

    ended = forgeledger("send", "complete", JOB, "a", **QUEUE)

    assert ended.code == exit_codes.UNREACHABLE
    assert ended.err == "forgeledger: 0 sent, 1 not: InvalidMessageContents: no\n"


def test_a_missing_permission_is_reported_with_the_words_of_aws(forgeledger, queue):
    queue.fault = lambda number, entries: Fault(raises=denied())

    ended = forgeledger("send", "complete", JOB, "a", **QUEUE)

    assert ended.code == exit_codes.UNREACHABLE
    assert "AccessDenied" in ended.err


def test_an_unknown_queue_is_named_with_the_ways_to_say_it(forgeledger, queue):
    ended = forgeledger("send", "complete", JOB, "a")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(
        "forgeledger: FORGELEDGER_COMMAND_QUEUE_URL: not known; set it, or give "
        "--command-queue-url, --stack or --local"
    )
