import importlib
import os
import signal
import subprocess
import sys

import pytest

from forgeledger.demo import tasks
from forgeledger.sdk.report.item_work import ItemWork

JOB = "01KAJXPF80000APN59HKNHY2PJ-8"


class FakeReporter:
    def __init__(self):
        self.completed = []

    def complete(self, job_id, item_id, **fields):
        self.completed.append((item_id, fields))


@pytest.fixture
def reporter(monkeypatch):
    fake = FakeReporter()
    monkeypatch.setattr(tasks, "reporter", fake, raising=False)
    return fake


def make_item(reporter, attempt=1, **payload):
    plan = {
        "number": 9,
        "failsAtFirst": False,
        "completesTwice": False,
        "killsWorker": False,
        **payload,
    }
    return ItemWork(
        reporter,
        JOB,
        "invoice-9",
        attempt=attempt,
        lease_seconds=None,
        heartbeat_seconds=None,
        payload=plan,
    )


def test_an_invoice_is_printed_and_its_pages_are_the_result(reporter):
    assert tasks.print_invoice(make_item(reporter)) == {"pages": 3}
    assert reporter.completed == []


def test_a_failing_one_fails_at_its_first_attempt_alone(reporter):
    with pytest.raises(tasks.OutOfPaper, match="invoice 9 did not come out"):
        tasks.print_invoice(make_item(reporter, failsAtFirst=True))

    assert tasks.print_invoice(make_item(reporter, attempt=2, failsAtFirst=True)) == {"pages": 3}


def test_the_deadly_one_kills_its_worker_at_its_first_attempt_alone(reporter, monkeypatch):
    killed = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))

    tasks.print_invoice(make_item(reporter, killsWorker=True))
    tasks.print_invoice(make_item(reporter, attempt=2, killsWorker=True))

    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_one_that_is_reported_twice_is_completed_before_its_end(reporter):
    tasks.print_invoice(make_item(reporter, completesTwice=True))

    assert reporter.completed == [("invoice-9", {"result": {"pages": 3}, "attempt": 1})]


def test_a_worker_is_there_where_the_demo_set_its_queue_and_ends_with_it(monkeypatch):
    reading, writing = os.pipe()
    ended = []
    monkeypatch.setattr(os, "kill", lambda pid, number: ended.append((pid, number)))
    monkeypatch.setenv(tasks.WORK_QUEUE_URL, "https://work")
    monkeypatch.setenv("FORGELEDGER_COMMAND_QUEUE_URL", "https://commands.fifo")
    monkeypatch.setenv(tasks.WORKER_NAME, "worker-7")
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)

        loaded = importlib.reload(tasks)
        os.close(writing)
        loaded.watcher.join(60)

    assert loaded.reporter.worker_id == "worker-7"
    assert ended == [(os.getpid(), signal.SIGTERM)]


def test_a_process_may_end_while_it_still_listens_to_the_demo():
    program = (
        "import threading, time; from forgeledger.demo import tasks; "
        "threading.Thread(target=tasks._end_with_the_demo, daemon=True).start(); time.sleep(0.2)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        errors = process.stderr.read()

        assert (process.wait(60), errors) == (0, b"")
