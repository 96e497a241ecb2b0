"""The demo's options and its report; the demo itself runs in the integration tests."""

import json
from datetime import UTC, datetime

import pytest

from forgeledger.cli import demo_setup, demo_text, exit_codes
from forgeledger.demo import scenario
from forgeledger.demo.guarantees import Guarantee
from forgeledger.demo.scenario import DemoResult
from forgeledger.sdk.records import Event, Item, Job

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def make_result(*, held=True, **overrides):
    job = Job(job_id="j-4", name="demo", status="COMPLETED", lanes=4, total=10, completed=10)
    history = (Event(type="failed", at=AT, attempt=1), Event(type="completed", at=AT, attempt=2))
    fields = {
        "job": job,
        "events": ({"detail-type": "job.completed"},),
        "guarantees": (Guarantee(name="one event", held=held, message="1 received"),),
        "item": Item(item_id="invoice-1", state="COMPLETED", history=history),
        "seconds": 12.34,
        "items_per_second": 81.0,
    }
    return DemoResult(**{**fields, **overrides})


@pytest.fixture
def plans(monkeypatch):
    """The plans that were run; with 13 items a guarantee does not hold."""
    ran = []
    setup = demo_setup.DemoSetup(target=None, shut_down=lambda: ran.append("down"))

    def run_demo(plan, target, printer):
        printer.say("it begins")
        printer.progress(Job(job_id="j", name="n", status="RUNNING", lanes=1))
        ran.append(plan)
        return make_result(held=plan.items != 13)

    monkeypatch.setattr(scenario, "run_demo", run_demo)
    monkeypatch.setattr(demo_setup, "set_up_demo", lambda session, printer: setup)
    return ran


def test_the_demo_ends_with_event_job_history_guarantees_and_what_to_type_next(forgeledger, plans):
    ended = forgeledger("demo", "--items", 10, "--workers", 2, "--fail", "5%")

    assert ended.code == 0
    assert (plans[0].items, plans[0].workers, plans[0].fail_share) == (10, 2, 0.05)
    assert "it begins" in ended.lines
    assert '    "detail-type": "job.completed"' in ended.lines
    assert (
        "  12.3 s from the first work message to the verdict; 81 items/s between 10% and 90%"
        in (ended.lines)
    )
    assert "  held    one event: 1 received" in ended.lines
    assert any("job status j-4 --local" in line for line in ended.lines)


def test_a_broken_guarantee_is_the_exit_code(forgeledger, plans):
    ended = forgeledger("demo", "--items", 13, "--down")

    assert ended.code == exit_codes.NOT_AS_HOPED
    assert "  BROKEN  one event: 1 received" in ended.lines
    assert plans[-1] == "down"
    assert "Next" not in ended.out


def test_with_json_the_outcome_is_one_document(forgeledger, plans):
    ended = forgeledger("demo", "--fail", "0.01", "--json")

    document = json.loads(ended.out)
    assert document["allHeld"] is True
    assert document["guarantees"] == [{"name": "one event", "held": True, "message": "1 received"}]
    assert ended.err == "it begins\n"
    assert plans[0].fail_share == 0.01


@pytest.mark.parametrize(("share", "rule"), [("many", "is not a share"), ("101%", "from 0% to")])
def test_a_share_that_is_none_is_a_mistake(forgeledger, share, rule):
    ended = forgeledger("demo", "--fail", share)

    assert ended.code == exit_codes.USAGE
    assert rule in ended.err


def test_without_failures_and_rate_the_report_leaves_them_out():
    lines = list(demo_text.lines(make_result(item=None, items_per_second=None), stays_up=False))

    assert not [line for line in lines if "happened" in line or "items/s" in line]
    assert demo_text.document(make_result(item=None))["item"] is None


def test_the_next_commands_can_be_typed_as_they_stand(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sys.executable", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    within = list(demo_text.lines(make_result(), stays_up=True))[-1]
    monkeypatch.chdir("/")
    monkeypatch.setattr("shutil.which", lambda name: "/bin/forgeledger")
    by_name = list(demo_text.lines(make_result(), stays_up=True))[-1]

    assert within == "  venv/bin/forgeledger local down"
    assert by_name == "  forgeledger local down"
