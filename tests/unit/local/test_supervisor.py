"""The supervisor's loop with a fake cloud."""

import io
import json
import subprocess
import sys

import pytest

from forgeledger.local import supervisor
from forgeledger.local_description import Description

ORDER = supervisor.Order(project_dir="/p", state_dir="/s", parameters={"A": "b"})
DESCRIPTION = Description(**dict.fromkeys(Description.__dataclass_fields__, "x"))


class FakeEngine:
    running = True


class FakeCloud:
    def __init__(self, **options):
        self.options = options
        self.engine = FakeEngine()
        self.description = DESCRIPTION
        self.stopped = False
        self.failure = None

    def start(self):
        if self.failure:
            raise self.failure

    def stop(self):
        self.stopped = True


class Report(io.StringIO):
    """Makes its text available after it was closed."""

    text = ""

    def close(self):
        self.text = self.getvalue()


class ClosedReport(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


@pytest.fixture
def cloud(monkeypatch):
    fake = FakeCloud()
    monkeypatch.setattr(supervisor, "LocalCloud", lambda **options: fake)
    monkeypatch.setattr(supervisor, "WATCH_SECONDS", 0.01)
    return fake


def test_it_reports_its_addresses_and_ends_on_request(cloud):
    report, ending = Report(), supervisor.Bell()
    ending.ring()

    code = supervisor.supervise(ORDER, report, ending)

    assert code == 0
    assert json.loads(report.text) == DESCRIPTION.as_json()
    assert cloud.stopped


def test_it_reports_why_the_cloud_did_not_come_up(cloud):
    cloud.failure = RuntimeError("no such template")
    report = Report()

    code = supervisor.supervise(ORDER, report, supervisor.Bell())

    assert code == 1
    assert json.loads(report.text) == {"error": "no such template"}


def test_it_ends_when_the_engine_is_gone(cloud):
    cloud.engine.running = False

    assert supervisor.supervise(ORDER, Report(), supervisor.Bell()) == 1
    assert cloud.stopped


def test_it_keeps_running_when_nobody_waits_for_its_report(cloud):
    ending = supervisor.Bell()
    ending.ring()

    assert supervisor.supervise(ORDER, ClosedReport(), ending) == 0


def test_an_order_survives_the_command_line():
    assert supervisor.Order(**json.loads(ORDER.as_text())) == ORDER


def test_a_signal_in_the_middle_of_ringing_or_waiting_is_no_deadlock():
    program = (
        "import signal\n"
        "from forgeledger.local.supervisor import Bell\n"
        "bell = Bell()\n"
        "signal.signal(signal.SIGALRM, lambda *_: bell.ring())\n"
        "for turn in range(20_000):\n"
        "    signal.setitimer(signal.ITIMER_REAL, (1 + turn % 30) * 1e-6)\n"
        "    bell.ring()\n"
        "    bell.wait(1)\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0)\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)

    assert ended.returncode == 0
