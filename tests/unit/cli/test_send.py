import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.domain.ids import make_job_id
from tests.fake_queues import FakeCommandQueue, Fault, denied

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


def test_commands_of_a_file_keep_the_order_of_their_lane(forgeledger, queue, tmp_path):
    file = tmp_path / "commands.jsonl"
    kinds = ("register", "claim", "complete")
    lines = [{"type": kind, "job_id": JOB, "itemId": "a"} for kind in kinds]
    lines.append({"commands": [{"type": "retry", "jobId": JOB, "itemId": "a"}]})
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")

    ended = forgeledger("send", "--file", file, "--json", **QUEUE)

    assert json.loads(ended.out) == {"sent": 4}
    assert queue.told() == [(kind, "a") for kind in (*kinds, "retry")]
    assert len({command["commandId"] for command in queue.commands}) == 4


@pytest.mark.parametrize(
    ("words", "stdin", "told"),
    [
        (("complete",), "", "JOB_ID: missing"),
        ((), "", "TYPE: missing"),
        (("finish", JOB, "a"), "", "type: is one of register, claim"),
        (("complete", "x", "a"), "", "jobId: 'x' is not the id of a job"),
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
        (("fail", JOB, "a", "--result", "1"), "", "--result: goes with complete, not with fail"),
        (("retry", JOB, "a", "--permanent"), "", "--permanent: goes with fail, not with retry"),
        (("fail", JOB, "a", "--permanent"), "", "--permanent: needs --error-type as well"),
        (("complete", JOB, "a", "--result", f'"{"x" * 40_000}"'), "", "result: has 40002 bytes"),
        (("complete", JOB, "a", "--file", "-"), "", "--file: cannot be given together"),
        (("--file", "-"), "nonsense", "stdin:1: is not JSON"),
        (
            ("--file", "-"),
            '{"type": "claim", "jobId": "j", "itemId": "a", "leaseSecond": 5}',
            "stdin:1: leaseSecond: is no field of a command; did you mean leaseSeconds?",
        ),
        (
            ("--file", "-"),
            '\n{"type": "fail", "error": {"type": "E", "retriable": false}}',
            "stdin:2: retriable: is no field of an error; did you mean retryable?",
        ),
        (("--file", "-"), '{"commands": 1}', "stdin:1: commands is not a list"),
        (("--file", "-"), '{"commands": [1]}', "stdin:1: a command is a JSON object"),
        (("--file", "-"), '\n{"type": "claim"}', "stdin:2: jobId: is missing or not a text"),
    ],
)
def test_a_mistake_is_found_before_anything_is_sent(forgeledger, queue, words, stdin, told):
    ended = forgeledger("send", *words, stdin=stdin, **QUEUE)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {told}")
    assert queue.calls == []


def test_a_refused_message_is_told_with_the_words_of_sqs(forgeledger, queue):
    queue.fault = lambda number, entries: Fault(refused_for_good=frozenset({0}))

    ended = forgeledger("send", "complete", JOB, "a", **QUEUE)

    assert ended.code == exit_codes.UNREACHABLE
    assert ended.err == "forgeledger: 0 sent, 1 not: InvalidMessageContents: no\n"


def test_a_missing_permission_is_told_with_the_words_of_aws(forgeledger, queue):
    queue.fault = lambda number, entries: Fault(raises=denied())

    ended = forgeledger("send", "complete", JOB, "a", **QUEUE)

    assert ended.code == exit_codes.UNREACHABLE
    assert "AccessDenied" in ended.err


def test_an_unknown_queue_is_named_with_the_ways_to_say_it(forgeledger, queue):
    ended = forgeledger("send", "complete", JOB, "a")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(
        "forgeledger: FORGELEDGER_COMMAND_QUEUE_URL: not known; set it, give --command-queue-url"
    )
