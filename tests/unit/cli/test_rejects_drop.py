"""`rejects drop` deletes what was named and printed, and asks first."""

import io
import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.cli.app import run

WHERE = {"FORGELEDGER_REJECT_QUEUE_URL": "rejects"}


def reject(queue, number, group="g"):
    detail = '[{"field": "jobId", "rule": "no such job"}]'
    return queue.put(f'{{"number":{number}}}', group, reason="unknown_job", detail=detail)


@pytest.fixture
def answering(session_options, monkeypatch, capsys):
    """Runs a command on a terminal on which this is typed."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def command(*words, typed):
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        options = (*words, "--reject-queue-url", "rejects")
        return run(options, session_options), *capsys.readouterr()

    return command


def test_one_is_dropped_and_the_others_stay(forgeledger, rejects):
    for number in (1, 2, 3):
        reject(rejects, number)

    ended = forgeledger("rejects", "drop", "m2", "--yes", **WHERE)

    assert (ended.code, ended.err) == (exit_codes.DONE, "")
    (line,) = ended.lines
    assert line.startswith("m2  unknown_job  ")
    assert line.endswith("jobId: no such job")
    assert rejects.bodies == ['{"number":1}', '{"number":3}']
    assert rejects.hidden == []


def test_all_are_dropped_however_many_a_group_has(forgeledger, rejects):
    for number in range(34):
        reject(rejects, number, group="even" if number % 2 == 0 else "odd")

    ended = forgeledger("rejects", "drop", "--all", "--yes", **WHERE)

    assert (ended.code, ended.err) == (exit_codes.DONE, "34 dropped\n")
    assert len(ended.lines) == 34
    assert rejects.messages == []


def test_the_output_is_a_copy_of_what_is_lost(forgeledger, rejects):
    reject(rejects, 1)

    ended = forgeledger("rejects", "drop", "--all", "--yes", "--json", **WHERE)

    (dropped,) = map(json.loads, ended.lines)
    assert (dropped["messageId"], dropped["body"]) == ("m1", '{"number":1}')
    assert rejects.messages == []


def test_what_cannot_be_printed_is_not_deleted(forgeledger, rejects, monkeypatch):
    reject(rejects, 1)

    def full(*_, **__):
        raise OSError(28, "No space left on device", "dropped.jsonl")

    monkeypatch.setattr("forgeledger.cli.output.Output.record", full)

    ended = forgeledger("rejects", "drop", "--all", "--yes", **WHERE)

    assert ended.code == exit_codes.USAGE
    assert rejects.bodies == ['{"number":1}']
    assert rejects.hidden == []


def test_what_is_rejected_meanwhile_stays(forgeledger, sqs, rejects, monkeypatch):
    reject(rejects, 1)
    receive = sqs.receive_message

    def receive_with_more(**request):
        reject(rejects, 2)
        return receive(**request)

    monkeypatch.setattr(sqs, "receive_message", receive_with_more)

    ended = forgeledger("rejects", "drop", "--all", "--yes", **WHERE)

    assert ended.err == "1 dropped\n"
    assert rejects.bodies == ['{"number":2}']
    assert rejects.hidden == []


@pytest.mark.parametrize("words", [("m1",), ("--all",)])
def test_nothing_is_dropped_without_a_yes(forgeledger, rejects, answering, words):
    reject(rejects, 1)

    without_terminal = forgeledger("rejects", "drop", *words, **WHERE)
    declined = answering("rejects", "drop", *words, typed="n\n")

    assert without_terminal.code == exit_codes.USAGE
    assert without_terminal.err == "forgeledger: --yes: is needed where nobody can be asked\n"
    assert declined[:2] == (exit_codes.NOT_AS_HOPED, "")
    assert declined[2].endswith("? [y/N] forgeledger: nothing was dropped\n")
    assert rejects.bodies == ['{"number":1}']
    assert rejects.hidden == []


@pytest.mark.parametrize(
    ("words", "question"),
    [(("m1",), "drop m1  unknown_job  "), (("--all",), "drop about 1 message, for good?")],
)
def test_it_asks_about_what_it_drops(rejects, answering, words, question):
    reject(rejects, 1)

    code, _, errors = answering("rejects", "drop", *words, typed="y\n")

    assert code == exit_codes.DONE
    assert errors.startswith(question)
    assert rejects.messages == []


@pytest.mark.parametrize("words", [(), ("m1", "--all")])
def test_one_or_all_has_to_be_said(forgeledger, rejects, words):
    reject(rejects, 1)

    ended = forgeledger("rejects", "drop", *words, "--yes", **WHERE)

    assert ended.code == exit_codes.USAGE
    assert ended.err == "forgeledger: MESSAGE_ID: give either one message or --all\n"
    assert rejects.bodies == ['{"number":1}']


def test_one_that_is_not_there_is_not_found_before_it_asks(rejects, answering):
    reject(rejects, 1)

    code, _, errors = answering("rejects", "drop", "m9", typed="y\n")

    assert code == exit_codes.NOT_FOUND
    assert errors.startswith("forgeledger: m9: no such message")
    assert rejects.bodies == ['{"number":1}']


@pytest.mark.parametrize("words", [("m1",), ("--all",)])
def test_what_sqs_does_not_delete_is_named(forgeledger, rejects, words):
    reject(rejects, 1)
    rejects.keeps = True

    ended = forgeledger("rejects", "drop", *words, "--yes", **WHERE)

    assert ended.code == exit_codes.UNREACHABLE
    assert ended.err == "m1: not deleted\nforgeledger: 1 message was not deleted\n"
    assert rejects.hidden == []


def test_an_empty_queue_is_a_remark(forgeledger, rejects):
    ended = forgeledger("rejects", "drop", "--all", "--yes", **WHERE)

    assert (ended.code, ended.out, ended.err) == (0, "", "no rejected messages\n")


def test_messages_are_visible_to_others_while_it_waits_for_the_answer(
    rejects, session_options, monkeypatch
):
    reject(rejects, 1)
    hidden = []

    class Terminal(io.StringIO):
        def isatty(self):
            return True

        def readline(self):
            hidden.extend(rejects.hidden)
            return "y"

    monkeypatch.setattr("sys.stdin", Terminal())

    code = run(["rejects", "drop", "m1", "--reject-queue-url", "rejects"], session_options)

    assert (code, hidden, rejects.messages) == (exit_codes.DONE, [], [])
