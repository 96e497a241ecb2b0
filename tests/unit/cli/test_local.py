"""The commands of the local cloud with its functions replaced: nothing is started here."""

import json
import socket

import pytest

from forgeledger.cli import exit_codes
from forgeledger.cli.log_tail import follow_logs
from forgeledger.errors import JobNotFound
from forgeledger.local import control
from forgeledger.local.state_dir import StateDir
from forgeledger.local_description import Description

DESCRIPTION = Description(
    endpoint_url="http://127.0.0.1:1",
    region="us-east-1",
    api_url="http://127.0.0.1:8080",
    command_queue_url="http://127.0.0.1:1/000000000000/commands.fifo",
    reject_queue_url="http://127.0.0.1:1/000000000000/rejects.fifo",
    work_queue_url="w",
    table_name="ledger",
    event_bus_name="events",
    stream_arn="arn",
)


@pytest.fixture
def state(tmp_path):
    return {"FORGELEDGER_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture
def running(tmp_path):
    """A state folder whose lock this process holds, as a running local cloud does."""
    folder = StateDir(tmp_path / "state")
    folder.acquire()
    folder.describe(DESCRIPTION)
    yield folder
    folder.release()


def test_up_hands_on_ports_and_parameters_and_says_where_all_answers(
    forgeledger, state, monkeypatch
):
    given = {}
    monkeypatch.setattr(control, "up", lambda **arguments: given.update(arguments) or DESCRIPTION)
    monkeypatch.setattr(control, "if_free", lambda port: port)

    ended = forgeledger(
        *(
            "local",
            "up",
            "--engine-port",
            4566,
            "--api-port",
            8080,
            "--parameter",
            "LogLevel=DEBUG",
        ),
        **state,
    )

    assert (ended.code, ended.lines[0]) == (0, "API            http://127.0.0.1:8080")
    assert given["engine_port"] == 4566
    assert given["api_port"] == 8080
    assert given["parameters"] == {"LogLevel": "DEBUG"}
    assert str(given["state_dir"]) == state["FORGELEDGER_STATE_DIR"]


def test_a_parameter_without_a_value_is_a_mistake(forgeledger, state):
    ended = forgeledger("local", "up", "--parameter", "LogLevel", **state)

    assert ended.code == exit_codes.USAGE
    assert ended.err == "forgeledger: --parameter: 'LogLevel' is not NAME=VALUE\n"


def test_a_parameter_that_the_template_has_not_is_a_mistake(forgeledger, state):
    ended = forgeledger("local", "up", "--parameter", "Nope=1", **state)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith("forgeledger: --parameter: the template has no Nope; it has ")
    assert "LogLevel" in ended.err


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("IntakeMaximumConcurrency=abc", "has to be a number, not 'abc'"),
        ("IntakeMaximumConcurrency=1", "has to be at least 2 and at most 1000, not '1'"),
        ("LogLevel=LOUD", "has to be one of DEBUG, INFO, WARN, ERROR, not 'LOUD'"),
        ("ReconcileSchedule=daily", "is a rate of 1 minute to 1 hour"),
    ],
)
def test_a_parameter_that_breaks_its_declaration_is_a_mistake(forgeledger, state, given, rule):
    ended = forgeledger("local", "up", "--parameter", given, **state)

    assert ended.code == exit_codes.USAGE
    name = given.partition("=")[0]
    assert ended.err.startswith(f"forgeledger: --parameter {name}: {rule}")


@pytest.mark.parametrize("option", ["--api-port", "--engine-port"])
def test_a_port_that_is_taken_is_reported_by_its_option(forgeledger, state, option):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        ended = forgeledger("local", "up", option, port, **state)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {option}: port {port} is in use")


def test_options_for_a_cloud_that_is_up_already_are_said_to_change_nothing(
    forgeledger, state, running
):
    plain = forgeledger("local", "up", **state)
    given = forgeledger("local", "up", "--api-port", 8080, "--parameter", "Nope=1", **state)

    assert (plain.code, plain.err) == (0, "")
    assert given.code == 0
    assert given.err.startswith("it is up already, so --api-port, --parameter had no effect")


def test_a_cloud_that_does_not_come_up_is_one_line(forgeledger, state, monkeypatch):
    def fail(**given):
        raise control.LocalCloudError("port 4566 is taken (see logs)")

    monkeypatch.setattr(control, "up", fail)

    ended = forgeledger("local", "up", **state)

    assert ended.code == exit_codes.UNREACHABLE
    assert ended.err == "forgeledger: port 4566 is taken (see logs)\n"


def test_status_prints_the_description_or_ends_with_1(forgeledger, state, running):
    up = forgeledger("local", "status", "--json", **state)
    running.release()
    down = forgeledger("local", "status", **state)

    assert json.loads(up.out) == DESCRIPTION.as_json()
    assert (down.code, down.out) == (exit_codes.NOT_AS_HOPED, "")


def test_down_and_reset_say_what_they_did(forgeledger, state):
    assert forgeledger("local", "down", **state).out == "it was not up\n"
    assert forgeledger("local", "reset", **state).out == "stopped, and all data deleted\n"


def test_logs_print_the_last_lines_of_one_or_of_all(forgeledger, state, running):
    running.logs.mkdir(exist_ok=True)
    (running.logs / "engine.log").write_text("one\ntwo\n", encoding="utf-8")
    (running.logs / "supervisor.log").write_text("three\n", encoding="utf-8")

    every = forgeledger("local", "logs", "-n", 1, **state)
    engine = forgeledger("local", "logs", "engine", "--json", **state)
    none = forgeledger("local", "logs", "nobody", **state)

    assert every.lines == ["engine: two", "supervisor: three"]
    assert [json.loads(line)["line"] for line in engine.lines] == ["one", "two"]
    assert none.code == exit_codes.NOT_FOUND
    assert none.err == ("forgeledger: no log called nobody; there are: engine, supervisor\n")


def test_logs_are_followed_until_ctrl_c(forgeledger, state, running, monkeypatch):
    log = running.logs / "engine.log"
    running.logs.mkdir(exist_ok=True)
    log.write_text("old\n", encoding="utf-8")
    reads = iter(["new\nhalf", KeyboardInterrupt()])

    def follow(files, pause):
        def write():
            text = next(reads)
            if isinstance(text, KeyboardInterrupt):
                raise text
            with log.open("a", encoding="utf-8") as file:
                file.write(text)

        return follow_logs(files, write)

    monkeypatch.setattr("forgeledger.cli.log_tail.follow_logs", follow)

    ended = forgeledger("local", "logs", "--follow", **state)

    assert ended.lines == ["engine: old", "engine: new"]
    assert ended.code == exit_codes.INTERRUPTED


def test_a_log_that_was_begun_anew_is_read_from_its_start(tmp_path):
    log = tmp_path / "engine.log"
    log.write_text("a long first line\n", encoding="utf-8")
    lines = follow_logs({"engine": log}, lambda: log.write_text("new\n", encoding="utf-8"))

    assert next(lines) == "engine: new"


def test_local_speaks_to_the_cloud_that_is_up(forgeledger, state, running, ledger):
    job = ledger.create_job("nightly")

    ended = forgeledger("job", "list", "--local", "--json", **state)

    assert json.loads(ended.out)["jobId"] == job.job_id


def test_a_local_cloud_that_asks_for_a_key_is_given_it(forgeledger, state, running, world, api):
    api._caller = world.caller(lambda: "sekret")

    without = forgeledger("job", "list", "--local", **state)
    ended = forgeledger("job", "create", "n", "--local", FORGELEDGER_API_KEY="sekret", **state)

    assert without.code == exit_codes.REFUSED
    assert (ended.code, ended.err) == (0, "")


def test_local_says_how_to_start_a_cloud_that_is_down(forgeledger, state):
    ended = forgeledger("job", "list", "--local", **state)

    assert ended.code == exit_codes.UNREACHABLE
    assert "start it with `forgeledger local up`" in ended.err


def test_reconciling_locally_runs_the_relay_from_the_source_tree(
    forgeledger, state, running, monkeypatch
):
    from forgeledger.local import function_pool
    from forgeledger.local import stack_reader as deployed
    from forgeledger.local.function_process import InvocationFailed
    from forgeledger.local.stack import Function, Stack

    calls = []

    class Pool:
        def __init__(self, function, **options):
            self.function = function

        def invoke(self, event):
            calls.append((self.function, event))
            if "jobId" in event["reconcile"]:
                raise InvocationFailed("JobNotFound", str(JobNotFound("J")), "r-1")
            return {"jobs": []}

        def close(self):
            calls.append("closed")

    function = object.__new__(Function)
    stack = Stack(
        functions={"RelayFunction": function},
        queues=(),
        streams=(),
        schedules=(),
        routes=(),
        physical_ids={},
        outputs={},
    )
    monkeypatch.setattr(
        deployed, "DeployedStack", lambda *given: type("S", (), {"read": lambda self: stack})()
    )
    monkeypatch.setattr(function_pool, "FunctionPool", Pool)

    ended = forgeledger("reconcile", "--running", "--local", **state)
    unknown = forgeledger("reconcile", "01KAJXPF80000APN59HKNHY2PJ-8", "--local", **state)

    assert ended.code == 0
    assert calls[:2] == [(function, {"reconcile": {"running": True}}), "closed"]
    assert (unknown.code, unknown.err) == (
        exit_codes.NOT_FOUND,
        "forgeledger: unknown_job: There is no job J.\n",
    )


@pytest.mark.parametrize(
    ("event", "error"),
    [(b"{", "EVENT: is not JSON"), (b"\xff", "EVENT: is not UTF-8"), (b"", "EVENT: is not JSON")],
)
def test_an_event_that_is_none_is_refused_before_the_local_cloud_is_asked(
    forgeledger, state, event, error
):
    ended = forgeledger("local", "invoke", "ApiFunction", "-", stdin=event, **state)

    assert ended.code == exit_codes.USAGE
    assert error in ended.err


def test_no_function_runs_while_the_local_cloud_is_down(forgeledger, state):
    ended = forgeledger("local", "invoke", "ApiFunction", "-", stdin="{}", **state)

    assert ended.code == exit_codes.UNREACHABLE
    assert "the local cloud is down" in ended.err
