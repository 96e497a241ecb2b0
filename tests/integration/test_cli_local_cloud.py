"""The command line, in a pseudo-terminal and in pipes, on a local cloud that it starts itself."""

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from forgeledger.cli import exit_codes
from forgeledger.cli.app import run
from forgeledger.cli.session import SessionSeams
from forgeledger.local import control
from tests.support.probes import eventually

pytestmark = pytest.mark.integration
PROJECT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "forgeledger.cli.main")
# Only ends a test that would hang.
TIMEOUT_SECONDS = 180


@dataclass(frozen=True)
class CommandResult:
    code: int
    out: str
    err: str = ""

    @property
    def documents(self):
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Cli:
    environment: dict[str, str]

    def __call__(self, *words, stdin=""):
        """Runs in this process, which saves starting one for each command."""
        out, err, before = io.StringIO(), io.StringIO(), sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                options = SessionSeams(environ=self.environment)
                code = run([str(word) for word in words], options)
        finally:
            sys.stdin = before
        return CommandResult(code, out.getvalue(), err.getvalue())

    def in_a_pipe(self, *words):
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def on_a_terminal(self, *words, meanwhile=None):
        """All output on a pseudo-terminal; `meanwhile` is called after the first of it."""
        pid, screen = pty.fork()
        if pid == 0:
            os.chdir(PROJECT)
            # Replaces the forked process at once, so that nothing else of this one runs in it.
            os.execve(  # noqa: S606
                PROGRAM[0], [*PROGRAM, *words], {**self.environment, "COLUMNS": "120"}
            )
        output = b""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            readable, _, _ = select.select([screen], [], [], 1)
            if not readable:
                continue
            try:
                piece = os.read(screen, 65_536)
            except OSError:  # On Linux: the other side is closed.
                break
            if not piece:
                break
            output += piece
            if meanwhile is not None:
                meanwhile, call = None, meanwhile
                call()
        os.close(screen)
        _, status = os.waitpid(pid, 0)
        return CommandResult(os.waitstatus_to_exitcode(status), output.decode())


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "FORGELEDGER_", "LOCALSTACK_"))
    }
    state = tmp_path_factory.mktemp("cli") / ".forgeledger"
    return {**inherited, "FORGELEDGER_STATE_DIR": str(state), "TERM": "xterm-256color"}


@pytest.fixture(scope="module")
def forgeledger(environment):
    """The command line, with a local cloud that it has started."""
    cli = Cli(environment)
    up = cli("local", "up", "--json")
    assert up.code == 0, up.err
    yield cli
    control.down(state_dir=Path(environment["FORGELEDGER_STATE_DIR"]))


@pytest.fixture
def job(forgeledger):
    """A job of five items, not sealed."""
    words = ("--items-file", "-", "--max-attempts", 2, "-q", "--local")
    ended = forgeledger("job", "create", "nightly", *words, stdin="a\nb\nc\nd\ne\n")
    assert ended.code == 0, ended.err
    return ended.out.strip()


def test_the_local_cloud_says_where_it_is_and_is_not_started_twice(forgeledger):
    status = forgeledger("local", "status", "--json")
    again = forgeledger("local", "up", "--json")

    assert status.documents == again.documents
    assert status.documents[0]["apiUrl"].startswith("http://127.0.0.1:")


def test_logs_show_what_a_function_said(forgeledger, job):
    ended = forgeledger("local", "logs", "ApiFunction", "-n", 5, "--json")

    assert {document["log"] for document in ended.documents} == {"ApiFunction"}


def test_a_job_is_watched_in_a_terminal_to_its_end(forgeledger, job):
    def complete_all():
        commands = [{"type": "complete", "jobId": job, "itemId": item} for item in "abcde"]
        lines = "\n".join(json.dumps(command) for command in commands)
        assert forgeledger("send", "--file", "-", "--local", stdin=lines).code == 0
        assert forgeledger("job", "seal", job, "--local").code == 0

    watched = forgeledger.on_a_terminal("job", "watch", job, "--local", meanwhile=complete_all)

    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", watched.out)
    assert watched.code == 0
    assert re.search(r"100% .*5/5 .*0 failed +4 lanes", text)
    assert f"{job}  COMPLETED, sealed, 5 of 5 items completed, 4 lanes" in text


def test_a_watcher_in_a_pipe_prints_lines_and_how_the_job_ended(forgeledger, job):
    assert forgeledger("job", "cancel", job, "--local").code == 0

    watched = forgeledger.in_a_pipe("job", "watch", job, "--local")

    assert watched.code == exit_codes.JOB_CANCELED
    assert "\x1b" not in watched.out
    assert "CANCELED" in watched.out.splitlines()[-1]


def test_what_workers_said_is_found_in_items_events_and_why(forgeledger, job):
    for words in (("claim", job, "a"), ("fail", job, "b", "--error-type", "Boom")):
        assert forgeledger("send", *words, "--worker-id", "w-1", "--local").code == 0

    def arrived():
        items = forgeledger("job", "items", job, "--all", "--json", "--local").documents
        attempts = {item["itemId"]: item["attempt"] for item in items}
        return attempts["a"] == attempts["b"] == 1

    eventually(arrived)
    assert "1 item is in progress." in forgeledger("job", "why", job, "--local").out
    history = forgeledger("job", "item", job, "b", "--json", "--local").documents[0]["history"]
    assert [event["type"] for event in history] == ["registered", "failed"]
    types = [
        event["type"] for event in forgeledger("job", "events", job, "--json", "--local").documents
    ]
    assert types[0] == "job.created"
    assert sorted(types[1:]) == sorted(["registered"] * 5 + ["claimed", "failed"])


def test_rejects_are_seen_mended_and_redriven(forgeledger, job):
    unknown = "01KAJXPF80000APN59HKNHY2PJ-8"
    assert forgeledger("send", "complete", unknown, "a", "--local").code == 0
    rejects = ("rejects", "list", "--json", "--local")
    rejected = eventually(lambda: forgeledger(*rejects).documents)[0]

    shown = forgeledger("rejects", "show", rejected["messageId"], "--body", "--local")
    again = forgeledger("rejects", "redrive", "--local")
    back = eventually(lambda: forgeledger(*rejects).documents)[0]
    edited = forgeledger(
        *("rejects", "redrive", back["messageId"], "--body", "-", "--local"),
        stdin=shown.out.replace(unknown, job),
    )

    assert rejected["reason"] == "unknown_job"
    assert "1 sent" in again.out
    assert edited.code == 0, edited.err
    eventually(
        lambda: forgeledger("job", "status", job, "--json", "--local").documents[0]["completed"]
    )
    assert forgeledger(*rejects).out == ""


def test_rejects_are_dropped_for_good(forgeledger):
    unknown = "01KAJXPF80000APN59HKNHY2PJ-8"
    for item_id in ("a", "b", "c"):
        assert forgeledger("send", "complete", unknown, item_id, "--local").code == 0
    rejects = ("rejects", "list", "--json", "--local")
    listed = eventually(lambda: (found := forgeledger(*rejects).documents)[2:] and found)

    one = forgeledger("rejects", "drop", listed[0]["messageId"], "--yes", "--json", "--local")
    rest = forgeledger("rejects", "drop", "--all", "--yes", "--json", "--local")

    dropped = [*one.documents, *rest.documents]
    assert (one.code, rest.code) == (0, 0), rest.err
    assert {message["messageId"] for message in dropped} == {
        message["messageId"] for message in listed
    }
    assert [message["body"] for message in dropped] == [message["body"] for message in listed]
    assert forgeledger(*rejects).out == ""


def test_the_relay_reconciles_when_it_is_asked_to(forgeledger, job):
    single = forgeledger("reconcile", job, "--recount", "--json", "--local")
    running = forgeledger("reconcile", "--running", "--json", "--local")
    unknown = forgeledger("reconcile", "01KAJXPF80000APN59HKNHY2PJ-8", "--local")

    assert (single.code, single.documents[0]["driftedLanes"]) == (0, [])
    assert job in {document["jobId"] for document in running.documents}
    assert (unknown.code, unknown.err.split(":")[1]) == (3, " unknown_job")


def test_the_doctor_finds_the_local_cloud_healthy(forgeledger):
    ended = forgeledger("doctor", "--json", "--local")

    bad = [finding for finding in ended.documents if finding["level"] in {"wrong", "unknown"}]
    assert (ended.code, bad) == (0, [])


def test_in_the_demo_every_guarantee_holds_on_a_terminal(forgeledger):
    ended = forgeledger.on_a_terminal("demo", "--items", "150", "--workers", "3", "--fail", "4%")

    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", ended.out)
    assert ended.code == 0, text
    assert re.search(r"worker-\d was killed in the middle of invoice-", text)
    assert '"detail-type": "job.completed"' in text
    assert "What happened to invoice-" in text
    assert text.count("  held    ") == 5
    assert "BROKEN" not in text


def test_a_demo_that_is_ended_by_ctrl_c_names_the_job_that_it_leaves(forgeledger, request):
    # A process that a shell starts in the background ignores SIGINT, and so do its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with subprocess.Popen(
        [*PROGRAM, "demo", "--items", "3000", "--workers", "1"],
        cwd=PROJECT,
        env=forgeledger.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        job = next(line.split()[1].rstrip(":") for line in demo.stdout if "sealed" in line)
        demo.send_signal(signal.SIGINT)
        _, errors = demo.communicate(timeout=TIMEOUT_SECONDS)

    assert demo.returncode == exit_codes.INTERRUPTED
    assert f"interrupted; job {job} stays on the local cloud; " in errors
    assert forgeledger("job", "cancel", job, "--local").code == 0


def test_the_demo_prints_one_document_for_programs(forgeledger):
    ended = forgeledger("demo", "--items", 40, "--workers", 1, "--fail", "0%", "--json")

    assert ended.code == 0, ended.err
    result = ended.documents[0]
    assert result["allHeld"] is True
    assert result["job"]["completed"] == 40
    assert len(result["events"]) == 1
    assert "was up already" in ended.err
