"""The sample events of the HTTP function, sent in this order, are the life of a job."""

import json
from pathlib import Path

import pytest

from forgeledger.jobs.model.job_lifecycle import create
from tests.support.api_callers import Caller, World, make_world
from tests.support.builders import make_spec

EVENTS = Path(__file__).parents[2] / "events"
JOB_ID = "01KAJXPF80000APN59HKNHY2PJ-4"

STORY = [
    ("health", 200),
    ("create-job", 201),
    ("create-job-wrong", 422),
    ("create-job-base64", 201),
    ("list-jobs", 200),
    ("register-items", 200),
    ("list-items", 200),
    ("claim-item", 200),
    ("complete-item", 200),
    ("get-item", 200),
    ("fail-item", 200),
    ("why", 200),
    ("seal", 200),
    ("get-job", 200),
    ("cancel", 409),
    ("list-events", 200),
    ("unknown-route", 405),
]


def sample(name):
    return json.loads((EVENTS / f"api-{name}.json").read_text())


@pytest.fixture(scope="module")
def replies():
    """The reply to each event, by its name."""
    world: World = make_world()
    world.store.create_job(*create(make_spec(job_id=JOB_ID, lanes=4)))
    caller = Caller(world.api())
    return {name: caller.send(sample(name)) for name, _ in STORY}


def test_each_sample_event_has_its_step_in_the_story():
    samples = {path.stem.removeprefix("api-") for path in EVENTS.glob("api-*.json")}

    assert samples == {name for name, _ in STORY}


@pytest.mark.parametrize(("name", "status"), STORY)
def test_each_event_gets_the_answer_that_is_documented(replies, name, status):
    assert replies[name].status == status, replies[name].text


def test_the_item_with_a_slash_and_an_umlaut_was_found_again(replies):
    item = replies["get-item"].json

    assert item["itemId"] == "2026/11/rechnung-ü.pdf"
    assert item["state"] == "COMPLETED"
    assert [event["type"] for event in item["history"]] == ["registered", "claimed", "completed"]


def test_the_job_is_finished_in_the_end(replies):
    assert replies["get-job"].json["status"] == "COMPLETED_WITH_FAILURES"
