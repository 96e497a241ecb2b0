"""How the demo ends when something fails; the integration tests run it on the local cloud."""

import io
import json

import pytest

from forgeledger.cli import demo_setup
from forgeledger.cli.deployment import Where
from forgeledger.cli.output import Output
from forgeledger.cli.session import Session, SessionSeams
from forgeledger.demo import scenario
from forgeledger.demo.plan import Plan
from forgeledger.demo.scenario import DemoTarget, ProgressPrinter
from forgeledger.local import control
from forgeledger.local_description import Description
from forgeledger.sdk.records import Job

PLAN = Plan(items=10, workers=1)


class FakeLedger:
    """Returns the job with these counts in order, then always with the last one."""

    def __init__(self, *completed):
        self.completed = list(completed)

    def status(self, job_id):
        done = self.completed.pop(0) if len(self.completed) > 1 else self.completed[0]
        status = "COMPLETED" if done == PLAN.items else "RUNNING"
        return Job(job_id=job_id, name="demo", lanes=4, total=10, completed=done, status=status)


class FakeWorkers:
    def __init__(self, *killed, ended=()):
        self._killed = list(killed)
        self._ended = list(ended)
        self.started = 0

    def take_killed(self):
        killed, self._killed = self._killed, []
        return killed

    def start(self):
        self.started += 1
        return "worker-2"

    def ended(self):
        return self._ended


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(scenario, "_POLL_SECONDS", 0)


@pytest.fixture
def lines():
    return []


@pytest.fixture
def observed():
    return scenario._Observations()


@pytest.fixture
def wait_for_end(lines, observed, tmp_path):
    def wait(ledger, workers):
        target = DemoTarget(
            ledger=ledger, client_of=None, event_bus="bus", environment={}, log_dir=tmp_path
        )
        printer = ProgressPrinter(say=lines.append, progress=lambda job: None)
        return scenario._wait_for_end(
            PLAN, target, workers, printer, job_id="j-4", observed=observed
        )

    return wait


def test_a_worker_that_is_killed_is_reported_and_replaced(wait_for_end, lines, observed):
    workers = FakeWorkers("worker-1")

    job = wait_for_end(FakeLedger(0, 4, 6, 10), workers)

    assert job.completed == 10
    assert (observed.killed, workers.started) == (["worker-1"], 1)
    assert lines == [
        "worker-1 was killed in the middle of invoice-04 (SIGKILL); worker-2 replaces it"
    ]


def test_a_worker_that_ends_by_itself_leaves_the_job_to_the_guarantees(wait_for_end, lines):
    job = wait_for_end(FakeLedger(0), FakeWorkers(ended=["worker-3"]))

    assert not job.is_finished
    assert lines[0].startswith("worker-3 ended; see demo-*.log in ")


def test_a_job_that_does_not_end_is_judged_by_the_guarantees(wait_for_end, lines, monkeypatch):
    times = iter(range(0, 10_000, 50))
    monkeypatch.setattr(scenario.time, "monotonic", lambda: next(times))

    job = wait_for_end(FakeLedger(1), FakeWorkers())

    assert not job.is_finished
    assert lines[0].startswith("job j-4 is not done in time")


class FakeResources:
    def __init__(self, *events):
        self.events = [[{"n": number}] for number in events]

    def receive_events(self, wait_seconds):
        return self.events.pop(0) if self.events else []


@pytest.mark.parametrize("events", [(), (1,), (1, 2)])
def test_events_are_listened_for_until_it_is_quiet(events, monkeypatch):
    monkeypatch.setattr(scenario, "_EVENT_SECONDS", 0.01)
    monkeypatch.setattr(scenario, "_SECOND_EVENT_SECONDS", 0.01)

    received = scenario._receive_events(FakeResources(*events))

    assert [event["n"] for event in received] == list(events)


def test_the_pace_is_that_of_the_middle():
    observed = scenario._Observations()
    for second, completed in enumerate((0, 20, 50, 80, 100, 100)):
        observed.add(second * 10, completed)

    assert observed.middle_per_second(100) == 3.0
    assert scenario._Observations().middle_per_second(100) is None


def test_the_demo_says_how_long_the_local_cloud_took_and_takes_it_down(
    tmp_path, monkeypatch, capsys
):
    description = Description(
        endpoint_url="http://127.0.0.1:1",
        region="us-east-1",
        api_url="http://127.0.0.1:8080",
        command_queue_url="commands",
        reject_queue_url="rejects",
        work_queue_url="w",
        table_name="ledger",
        event_bus_name="bus",
        stream_arn="arn",
    )
    state = tmp_path / "state"
    state.mkdir()
    stopped = []
    monkeypatch.setattr(control, "status", lambda **given: None)
    monkeypatch.setattr(control, "up", lambda **given: description)
    monkeypatch.setattr(control, "down", lambda **given: stopped.append(given["state_dir"]))
    monkeypatch.setattr(
        "forgeledger.local.state_dir.StateDir.description", lambda self: description
    )
    times = iter((0.0, 2.5))
    environ = {"FORGELEDGER_STATE_DIR": str(state), "FORGELEDGER_API_KEY": "sekret"}
    seams = SessionSeams(environ=environ, clock=lambda: next(times))
    session = Session(Where(), Output(as_json=True, err=io.StringIO()), seams)
    lines = []

    setup = demo_setup.set_up_demo(
        session, ProgressPrinter(say=lines.append, progress=lambda job: None)
    )
    setup.shut_down()

    assert lines == ["the local cloud came up in 2.5 s: http://127.0.0.1:8080"]
    assert setup.target.event_bus == "bus"
    assert setup.target.environment["FORGELEDGER_COMMAND_QUEUE_URL"] == "commands"
    assert setup.target.environment["FORGELEDGER_API_KEY"] == "sekret"
    assert json.dumps(setup.target.environment)
    assert stopped == [state]
