"""How the demo is asked for and told; the demo itself plays in the integration tests."""

import json
from datetime import UTC, datetime

import pytest

from forgeledger.cli import demo_setup, demo_text, exit_codes
from forgeledger.demo import scenario
from forgeledger.demo.guarantees import Promise
from forgeledger.demo.scenario import DemoResult
from forgeledger.sdk.records import Event, Item, Job

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def make_outcome(*, held=True, **overrides):
    job = Job(job_id="j-4", name="demo", status="COMPLETED", lanes=4, total=10, completed=10)
    history = (Event(type="failed", at=AT, attempt=1), Event(type="completed", at=AT, attempt=2))
    fields = {
        "job": job,
        "events": ({"detail-type": "job.completed"},),
        "promises": (Promise(name="one event", held=held, told="1 received"),),
        "item": Item(item_id="invoice-1", state="COMPLETED", history=history),
        "seconds": 12.34,
        "items_per_second": 81.0,
    }
    return DemoResult(**{**fields, **overrides})


@pytest.fixture
def plans(monkeypatch):
    """The plans that were played; each play ends as `outcome` says."""
    played = []
    place = demo_setup.DemoSetup(scene=None, take_down=lambda: played.append("down"))

    def play(plan, scene, narrator):
        narrator.say("it begins")
        narrator.progress(Job(job_id="j", name="n", status="RUNNING", lanes=1))
        played.append(plan)
        return make_outcome(held=plan.items != 13)

    monkeypatch.setattr(scenario, "play", play)
    monkeypatch.setattr(demo_setup, "demo_set", lambda session, narrator: place)
    return played


def test_the_demo_ends_with_event_job_history_promises_and_what_to_type_next(forgeledger, plans):
    ended = forgeledger("demo", "--items", 10, "--workers", 2, "--fail", "5%")

    assert ended.code == 0
    assert (plans[0].items, plans[0].workers, plans[0].fail_share) == (10, 2, 0.05)
    assert "it begins" in ended.lines
    assert '    "detail-type": "job.completed"' in ended.lines
    assert "  12.3 s from the first work message to the verdict; 81 items/s in its middle" in (
        ended.lines
    )
    assert "  kept    one event: 1 received" in ended.lines
    assert any("job status j-4 --local" in line for line in ended.lines)


def test_a_broken_promise_is_the_exit_code(forgeledger, plans):
    ended = forgeledger("demo", "--items", 13, "--down")

    assert ended.code == exit_codes.NOT_AS_HOPED
    assert "  BROKEN  one event: 1 received" in ended.lines
    assert plans[-1] == "down"
    assert "Next" not in ended.out


def test_with_json_the_outcome_is_one_document(forgeledger, plans):
    ended = forgeledger("demo", "--fail", "0.01", "--json")

    told = json.loads(ended.out)
    assert told["kept"] is True
    assert told["promises"] == [{"name": "one event", "held": True, "told": "1 received"}]
    assert ended.err == "it begins\n"
    assert plans[0].fail_share == 0.01


@pytest.mark.parametrize(("share", "told"), [("many", "is not a share"), ("101%", "from 0% to")])
def test_a_share_that_is_none_is_a_mistake(forgeledger, share, told):
    ended = forgeledger("demo", "--fail", share)

    assert ended.code == exit_codes.USAGE
    assert told in ended.err


def test_without_failures_and_rate_the_report_leaves_them_out():
    lines = list(demo_text.lines(make_outcome(item=None, items_per_second=None), stays_up=False))

    assert not [line for line in lines if "happened" in line or "items/s" in line]
    assert demo_text.document(make_outcome(item=None))["item"] is None


def test_the_next_commands_can_be_typed_as_they_stand(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sys.executable", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    within = list(demo_text.lines(make_outcome(), stays_up=True))[-1]
    monkeypatch.chdir("/")
    monkeypatch.setattr("shutil.which", lambda name: "/bin/forgeledger")
    by_name = list(demo_text.lines(make_outcome(), stays_up=True))[-1]

    assert within == "  venv/bin/forgeledger local down"
    assert by_name == "  forgeledger local down"
