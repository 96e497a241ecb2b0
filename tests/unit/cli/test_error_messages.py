"""Every error is one line for the user and an exit code for a script."""

import io
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from forgeledger.cli import exit_codes
from forgeledger.cli.app import run
from forgeledger.cli.error_messages import explain
from forgeledger.errors import StorageBusy
from forgeledger.sdk.delivery import Delivery
from forgeledger.sdk.errors import (
    NoAnswerError,
    UndeliveredError,
    WorkerNotFoundError,
    WrongAddressError,
    api_error,
)
from forgeledger.sdk.records import Problem, WrongField

FOREIGN = WrongAddressError("api_url", "http://x", "is it a ForgeLedger's?")


def problem(status, code="some_code", detail="why", **more):
    return api_error(Problem(status=status, code=code, detail=detail, **more))


def aws(code, message="no"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "SendMessage")


WRONG = (
    WrongField(field="lanes", rule="maximum", message="at most 64"),
    WrongField(field="name", rule="required", message="is missing"),
)


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (problem(422, errors=WRONG), "lanes: at most 64; name: is missing", exit_codes.USAGE),
        (problem(422), "why", exit_codes.USAGE),
        (problem(404), "some_code: why", exit_codes.NOT_FOUND),
        (FOREIGN, "api_url: is it a ForgeLedger's?", exit_codes.USAGE),
        (problem(409, detail=""), "some_code", exit_codes.REFUSED),
        (
            problem(401),
            "some_code: why (the API key is read from FORGELEDGER_API_KEY)",
            exit_codes.REFUSED,
        ),
        (problem(503), "503 some_code: why", exit_codes.UNREACHABLE),
        (
            NoAnswerError("GET", "http://x", "refused"),
            "no answer from http://x: refused",
            exit_codes.UNREACHABLE,
        ),
        (
            UndeliveredError(Delivery(delivered=0, pending=2)),
            "2 commands not sent, 0 refused for good",
            exit_codes.UNREACHABLE,
        ),
        (WorkerNotFoundError("a:b", "no"), "a:b: no", exit_codes.USAGE),
        (StorageBusy("lane", 3), "lane: still busy after 3 attempts", exit_codes.UNREACHABLE),
        (aws("AccessDenied"), "SendMessage: AccessDenied: no", exit_codes.REFUSED),
        (aws("QueueDoesNotExist", ""), "SendMessage: QueueDoesNotExist", exit_codes.NOT_FOUND),
        (aws("Throttling"), "SendMessage: Throttling: no", exit_codes.UNREACHABLE),
        (NoCredentialsError(), "AWS: Unable to locate credentials", exit_codes.UNREACHABLE),
        (FileNotFoundError(2, "No such file", "x"), "x: no such file", exit_codes.USAGE),
    ],
)
def test_an_error_is_a_line_and_a_code(error, line, code):
    assert explain(error) == (line, code)


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "pip install 'forgeledger[all]'"),
        ('{"url": "file:///a/my%20wheel.whl"}', "pip install '/a/my wheel.whl[all]'"),
        ('{"url": "https://example.com/x.whl"}', "pip install 'forgeledger[all]'"),
        (
            '{"url": "file:///a/clone", "dir_info": {"editable": true}}',
            "pip install -e '/a/clone[all]'",
        ),
    ],
)
def test_a_missing_package_is_explained_by_what_needs_it_and_how_to_get_it(
    monkeypatch, origin, command
):
    class Installed:
        def read_text(self, name):
            return origin

    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Installed())

    line, code = explain(ModuleNotFoundError("no", name="ministack.app"))

    need = "the local cloud and the demo need the extra `local`, or `all`"
    assert (line, code) == (f"{need}: {command} (ministack.app is missing)", exit_codes.USAGE)


def test_a_package_that_was_not_installed_is_named_as_an_index_names_it(monkeypatch):
    def missing(name):
        raise PackageNotFoundError

    monkeypatch.setattr("importlib.metadata.distribution", missing)

    line, _ = explain(ModuleNotFoundError("no", name="typer"))

    assert "the command line needs the extra `cli`, or `all`: pip install 'forgeledger[" in line


@pytest.mark.parametrize("error", [ValueError("x"), ModuleNotFoundError("no", name="typo")])
def test_a_fault_of_ours_is_not_explained_away(error):
    assert explain(error) is None


def test_a_fault_of_ours_is_one_line_and_a_traceback_on_demand(forgeledger, api, monkeypatch):
    def fail(number):
        raise ValueError("broken\nin two")

    api.on_request = fail

    quiet = forgeledger("job", "list")
    monkeypatch.setenv("FORGELEDGER_DEBUG", "1")
    loud = forgeledger("job", "list")

    assert quiet.code == exit_codes.INTERNAL
    assert quiet.err.startswith("forgeledger: internal error: ValueError: broken\\nin two (")
    assert len(quiet.err.splitlines()) == 1
    assert "Traceback" in loud.err


def test_ctrl_c_is_one_line(forgeledger, api):
    def interrupt(number):
        raise KeyboardInterrupt

    api.on_request = interrupt

    ended = forgeledger("job", "list")

    assert (ended.code, ended.err) == (exit_codes.INTERRUPTED, "forgeledger: interrupted\n")


def test_a_command_may_end_the_program_itself(forgeledger, api):
    def leave(number):
        sys.exit(3)

    api.on_request = leave

    assert forgeledger("job", "list").code == 3


def test_a_reader_that_has_seen_enough_is_no_error():
    program = (
        "import sys; from forgeledger.cli import app as program, command; "
        "from forgeledger.cli.commands.local import app\n"
        "@command.command(app, 'many', needs=command.Needs.NOTHING, example='x')\n"
        "def many(session: program.SessionSeams) -> None:\n"
        "    session.output.lines('x' * 100 for _ in range(100_000))\n"
        "sys.exit(program.run(['local', 'many']))"
    )

    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        started.stdout.readline()
        started.stdout.close()
        errors = started.stderr.read()

    assert (started.returncode, errors) == (0, b"")


def test_an_error_nobody_reads_is_no_error_either(session_options, monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Closed())

    assert run(["job", "list", "--limit", "0"], session_options) == exit_codes.USAGE


@pytest.mark.parametrize(
    ("word", "missing", "code", "error"),
    [
        ("--version", "typer", exit_codes.USAGE, "the command line needs the extra `cli`"),
        ("demo", "yaml", exit_codes.USAGE, "the local cloud and the demo need the extra `local`"),
        ("--version", "forgeledger.cli.app", 1, "ModuleNotFoundError"),
    ],
)
def test_without_its_extra_the_program_says_what_to_install(word, missing, code, error):
    program = (
        f"import sys; sys.modules['{missing}'] = None\n"
        f"from forgeledger.cli.main import main; sys.argv = ['forgeledger', '{word}']; main()"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert ended.returncode == code
    assert error in ended.stderr


def test_the_program_runs_from_its_entry_point(monkeypatch, capsys):
    from forgeledger.cli.main import main

    monkeypatch.setattr("sys.argv", ["forgeledger", "--version"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert capsys.readouterr().out == "0.1.0\n"
