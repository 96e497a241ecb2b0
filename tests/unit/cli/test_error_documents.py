"""With --json an error is one JSON document on stderr, of the same shape for all commands."""

import json

import pytest
from botocore.exceptions import ClientError

from forgeledger.cli import exit_codes

NO_SUCH_JOB = "01KAJXPF80000APN59HKNHY2PJ-8"
FIELDS = ("code", "message", "exitCode", "errors")


def document(ended):
    """The one line on stderr."""
    (line,) = ended.err.splitlines()
    error = json.loads(line)["error"]
    assert tuple(error) == FIELDS
    assert error["exitCode"] == ended.code
    return error


@pytest.mark.parametrize(
    ("words", "code_of", "errors"),
    [
        (("job", "status", NO_SUCH_JOB), ("unknown_job", exit_codes.NOT_FOUND), []),
        (("job", "status", "nope"), ("unknown_job", exit_codes.NOT_FOUND), []),
        (("items", "register", NO_SUCH_JOB, "-"), ("unknown_job", exit_codes.NOT_FOUND), []),
        (
            ("job", "list", "--status", "DONE"),
            ("invalid_request", exit_codes.USAGE),
            [("--status", "enum")],
        ),
        (
            (
                "job",
                "create",
                "x",
                "--max-attempts",
                "5000",
                "--tag",
                "",
                "--ttl-days",
                "99999",
                "--permanent-error",
                "E" * 300,
            ),
            ("invalid_request", exit_codes.USAGE),
            [
                ("--max-attempts", "maximum"),
                ("--permanent-error[0]", "max_length"),
                ("--tag[0]", "min_length"),
                ("--ttl-days", "maximum"),
            ],
        ),
        (
            ("job", "create", "x" * 300),
            ("invalid_request", exit_codes.USAGE),
            [("NAME", "max_length")],
        ),
        (
            ("job", "items", NO_SUCH_JOB, "--state", "FOO"),
            ("invalid_request", exit_codes.USAGE),
            [("--state", "enum")],
        ),
        (("job", "status", ""), ("usage", exit_codes.USAGE), [("JOB_ID", None)]),
        (("job", "status"), ("usage", exit_codes.USAGE), [("JOB_ID", None)]),
        (("job", "create", "x", "--lanes", "65"), ("usage", exit_codes.USAGE), [("--lanes", None)]),
        (("job", "list", "--nope"), ("usage", exit_codes.USAGE), [("--nope", None)]),
        (
            ("job", "create", "x", "--metadata", "{"),
            ("usage", exit_codes.USAGE),
            [("--metadata", None)],
        ),
        (
            ("items", "register", NO_SUCH_JOB, "nosuch"),
            ("usage", exit_codes.USAGE),
            [("nosuch", None)],
        ),
        (("send", "claim"), ("usage", exit_codes.USAGE), [("JOB_ID", None)]),
        (("items", "register", NO_SUCH_JOB), ("usage", exit_codes.USAGE), [("FILE", None)]),
        (("job", "list", "--local"), ("no_answer", exit_codes.UNREACHABLE), []),
        (("job", "list", "--api-url", "foo"), ("usage", exit_codes.USAGE), [("--api-url", None)]),
        (
            ("rejects", "list"),
            ("usage", exit_codes.USAGE),
            [("FORGELEDGER_REJECT_QUEUE_URL", None)],
        ),
    ],
)
@pytest.mark.usefixtures("sqs")
def test_an_error_has_a_code_and_the_fields_that_are_wrong(forgeledger, words, code_of, errors):
    ended = forgeledger(*words, "--json", stdin="a\n", FORGELEDGER_STATE_DIR="/nowhere")

    error = document(ended)
    assert (error["code"], error["exitCode"]) == code_of
    assert [(wrong["field"], wrong["rule"]) for wrong in error["errors"]] == errors
    assert all(wrong["message"] for wrong in error["errors"])


@pytest.mark.parametrize("words", [("job", "status", "nope"), ("job", "list", "--limit", "0")])
def test_its_message_is_the_line_for_people(forgeledger, words):
    people, program = forgeledger(*words), forgeledger(*words, "--json")

    assert people.err == f"forgeledger: {document(program)['message']}\n"


def test_a_fault_of_ours_has_the_same_shape(forgeledger, api):
    def fail(number):
        raise ValueError("broken\nin two")

    api.on_request = fail

    error = document(forgeledger("job", "list", "--json"))

    assert (error["code"], error["exitCode"]) == ("internal_error", exit_codes.INTERNAL)


def test_so_has_ctrl_c(forgeledger, api):
    def interrupt(number):
        raise KeyboardInterrupt

    api.on_request = interrupt

    error = document(forgeledger("job", "list", "--json"))

    assert (error["code"], error["exitCode"]) == ("interrupted", exit_codes.INTERRUPTED)


def test_an_error_of_aws_has_its_code(forgeledger, clients):
    class Denied:
        def get_queue_attributes(self, **request):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetQueueAttributes")

    clients["sqs"] = Denied()

    ended = forgeledger("rejects", "list", "--json", "--reject-queue-url", "rejects")

    assert document(ended)["code"] == "AccessDenied"
    assert ended.code == exit_codes.REFUSED


def test_a_result_before_the_error_stays_on_stdout(forgeledger, ledger):
    job = ledger.create_job("nightly")
    ledger.cancel(job)

    ended = forgeledger("job", "seal", job.job_id, "--json")

    assert json.loads(ended.out)["status"] == "CANCELED"
    assert document(ended)["code"] == "job_finished"


def test_an_argument_that_looks_like_the_option_is_none(forgeledger):
    ended = forgeledger("job", "status", "--", "--json")

    assert ended.err.startswith("forgeledger: unknown_job: ")


def test_a_missing_extra_has_the_same_shape(monkeypatch, capsys):
    from forgeledger.cli.main import main

    monkeypatch.setitem(__import__("sys").modules, "forgeledger.cli.app", None)
    monkeypatch.setattr("forgeledger.cli.error_messages.explain", lambda error: ("why", 2))
    monkeypatch.setattr("sys.argv", ["forgeledger", "job", "list", "--json"])

    with pytest.raises(SystemExit):
        main()

    error = json.loads(capsys.readouterr().err)["error"]
    assert (tuple(error), error["message"]) == (FIELDS, "why")


def test_half_a_surrogate_pair_is_named_with_its_field_and_rule(forgeledger, ledger):
    ended = forgeledger("job", "create", "n", "--metadata", '{"who": "\\ud800"}', "--json")

    [error] = json.loads(ended.err)["error"]["errors"]
    assert (error["field"], error["rule"]) == ("--metadata.who", "unicode")
    assert list(ledger.jobs()) == []
