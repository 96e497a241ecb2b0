"""How the demo ends when it cannot be played; how it goes well shows the local cloud."""

import io
import json

import pytest

from forgeledger.cli import demo_setup
from forgeledger.cli.deployment import Where
from forgeledger.cli.output import Output
from forgeledger.cli.session import Session, SessionOptions
from forgeledger.demo import scenario
from forgeledger.demo.plan import Plan
from forgeledger.demo.scenario import DemoTarget, ProgressPrinter
from forgeledger.local import control
from forgeledger.local.state_dir import Description
from forgeledger.sdk.records import Job

PLAN = Plan(items=10, workers=1)


class FakeLedger:
    """Answers with the job as far as it is; its counts are given in order, the last for ever."""

    def __init__(self, *completed):
        self.completed = list(completed)

    def status(self, job_id):
        done = self.completed.pop(0) if len(self.completed) > 1 else self.completed[0]
        status = "COMPLETED" if done == PLAN.items else "RUNNING"
        return Job(job_id=job_id, name="demo", lanes=4, total=10, completed=done, status=status)


class FakeCrew:
    def __init__(self, *fallen, lost=()):
        self._fallen = list(fallen)
        self._lost = list(lost)
        self.hired = 0

    def fallen(self):
        fallen, self._fallen = self._fallen, []
        return fallen

    def hire(self):
        self.hired += 1
        return "worker-2"

    def lost(self):
        return self._lost


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(scenario, "_POLL_SECONDS", 0)


@pytest.fixture
def said():
    return []


@pytest.fixture
def watch():
    return scenario._Watch()


@pytest.fixture
def work(said, watch, tmp_path):
    def run(ledger, crew):
        scene = DemoTarget(
            ledger=ledger, client_of=None, event_bus="bus", environment={}, log_dir=tmp_path
        )
        narrator = ProgressPrinter(say=said.append, progress=lambda job: None)
        return scenario._work(PLAN, scene, crew, narrator, job_id="j-4", watch=watch)

    return run


def test_a_worker_that_is_killed_is_told_and_replaced(work, said, watch):
    crew = FakeCrew("worker-1")

    job = work(FakeLedger(0, 4, 6, 10), crew)

    assert job.completed == 10
    assert (watch.killed, crew.hired) == (["worker-1"], 1)
    assert said == [
        "worker-1 was killed in the middle of invoice-04 (SIGKILL); worker-2 takes its place"
    ]


def test_a_worker_that_ends_by_itself_leaves_the_job_to_the_promises(work, said):
    job = work(FakeLedger(0), FakeCrew(lost=["worker-3"]))

    assert not job.is_finished
    assert said[0].startswith("worker-3 ended; see demo-*.log in ")


def test_a_job_that_does_not_end_is_left_to_the_promises(work, said, monkeypatch):
    times = iter(range(0, 10_000, 50))
    monkeypatch.setattr(scenario.time, "monotonic", lambda: next(times))

    job = work(FakeLedger(1), FakeCrew())

    assert not job.is_finished
    assert said[0].startswith("job j-4 is not done in time")


class FakeStage:
    def __init__(self, *events):
        self.events = [[{"n": number}] for number in events]

    def receive_events(self, wait_seconds):
        return self.events.pop(0) if self.events else []


@pytest.mark.parametrize("events", [(), (1,), (1, 2)])
def test_events_are_listened_for_until_it_is_quiet(events, monkeypatch):
    monkeypatch.setattr(scenario, "_EVENT_SECONDS", 0.01)
    monkeypatch.setattr(scenario, "_QUIET_SECONDS", 0.01)

    assert [event["n"] for event in scenario._listen(FakeStage(*events))] == list(events)


def test_the_pace_is_that_of_the_middle():
    pace = scenario._Watch()
    for second, completed in enumerate((0, 20, 50, 80, 100, 100)):
        pace.add(second * 10, completed)

    assert pace.middle_per_second(100) == 3.0
    assert scenario._Watch().middle_per_second(100) is None


def test_the_demo_says_how_long_the_local_cloud_took_and_takes_it_down(
    tmp_path, monkeypatch, capsys
):
    description = Description(
        endpoint_url="http://127.0.0.1:1",
        region="us-east-1",
        api_url="http://api.test",
        command_queue_url="commands",
        reject_queue_url="rejects",
        table_name="ledger",
        event_bus_name="bus",
        stream_arn="arn",
    )
    state = tmp_path / "state"
    state.mkdir()
    ended = []
    monkeypatch.setattr(control, "status", lambda **given: None)
    monkeypatch.setattr(control, "up", lambda **given: description)
    monkeypatch.setattr(control, "down", lambda **given: ended.append(given["state_dir"]))
    monkeypatch.setattr(
        "forgeledger.local.state_dir.StateDir.description", lambda self: description
    )
    times = iter((0.0, 2.5))
    environ = {"FORGELEDGER_STATE_DIR": str(state), "FORGELEDGER_API_KEY": "sekret"}
    runtime = SessionOptions(environ=environ, clock=lambda: next(times))
    session = Session(Where(), Output(as_json=True, err=io.StringIO()), runtime)
    said = []

    place = demo_setup.demo_set(
        session, ProgressPrinter(say=said.append, progress=lambda job: None)
    )
    place.take_down()

    assert said == ["the local cloud came up in 2.5 s: http://api.test"]
    assert place.scene.event_bus == "bus"
    assert place.scene.environment["FORGELEDGER_COMMAND_QUEUE_URL"] == "commands"
    assert place.scene.environment["FORGELEDGER_API_KEY"] == "sekret"
    assert json.dumps(place.scene.environment)
    assert ended == [state]
