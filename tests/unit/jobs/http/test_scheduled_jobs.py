"""Jobs that start at a time, over HTTP."""

import pytest

from forgeledger.json_text import iso
from tests.support.held_jobs import HOUR_SECONDS, claim, in_seconds, job_in_an_hour, relay


@pytest.fixture
def scheduled(world, caller):
    return job_in_an_hour(world, caller)


def test_a_job_with_a_time_takes_items_and_grants_no_claim_before(world, caller):
    job_id = caller.new_job(executeAt=in_seconds(world, HOUR_SECONDS))
    registered = caller.post(f"/jobs/{job_id}/items:register", {"items": ["a"]})

    refused = claim(caller, job_id)
    world.clock.pass_seconds(HOUR_SECONDS)
    relay(world, job_id)
    granted = claim(caller, job_id)

    assert registered.json["registered"] == 1
    assert (refused.status, refused.json["code"]) == (409, "job_held")
    assert refused.json["item"]["state"] == "PENDING"
    assert (granted.status, granted.json["outcome"]) == (200, "applied")


def test_a_scheduled_job_says_when_it_starts_and_when_it_did(world, caller, scheduled):
    begin = iso(world.clock.now + HOUR_SECONDS * 1000)

    before = caller.get(f"/jobs/{scheduled}").json
    world.clock.pass_seconds(HOUR_SECONDS + 2)
    relay(world, scheduled)
    after = caller.get(f"/jobs/{scheduled}").json

    assert [before[name] for name in ("status", "held", "sealed", "executeAt", "startedAt")] == [
        "SCHEDULED",
        True,
        True,
        begin,
        None,
    ]
    assert (after["status"], after["held"], after["executeAt"]) == ("RUNNING", False, begin)
    assert after["startedAt"] == after["openedAt"] == in_seconds(world, 0)


def test_a_job_without_a_time_started_with_its_creation(caller):
    job = caller.get(f"/jobs/{caller.new_job()}").json

    assert (job["executeAt"], job["startedAt"], job["held"]) == (None, job["createdAt"], False)


def test_scheduled_jobs_can_be_listed(caller, scheduled):
    caller.new_job()

    listed = caller.get("/jobs", status="SCHEDULED").json["jobs"]

    assert [job["jobId"] for job in listed] == [scheduled]


def test_a_job_can_be_started_before_its_time(caller, scheduled):
    started = caller.post(f"/jobs/{scheduled}/start")
    again = caller.post(f"/jobs/{scheduled}/start")

    assert (started.json["outcome"], started.json["job"]["status"]) == ("applied", "RUNNING")
    assert again.json["outcome"] == "duplicate"
    assert claim(caller, scheduled).status == 200


def test_a_start_can_be_repeated_after_the_end(caller, scheduled):
    caller.post(f"/jobs/{scheduled}/start")
    caller.post(f"/jobs/{scheduled}/items/a/complete")

    again = caller.post(f"/jobs/{scheduled}/start")

    assert (again.json["outcome"], again.json["job"]["status"]) == ("duplicate", "COMPLETED")


def test_a_job_that_was_canceled_before_its_start_cannot_be_started(world, caller, scheduled):
    canceled = caller.post(f"/jobs/{scheduled}/cancel")
    world.clock.pass_seconds(HOUR_SECONDS)
    relay(world, scheduled)

    started = caller.post(f"/jobs/{scheduled}/start")

    assert canceled.json["job"]["status"] == "CANCELED"
    assert (started.status, started.json["code"]) == (409, "job_finished")


@pytest.mark.parametrize("change", ["pause", "resume"])
def test_a_scheduled_job_can_be_neither_paused_nor_resumed(caller, scheduled, change):
    reply = caller.post(f"/jobs/{scheduled}/{change}")

    assert (reply.status, reply.json["code"]) == (409, "job_scheduled")


@pytest.mark.parametrize(
    ("seconds", "rule"),
    [(-1.001, "execute_at_past"), (366 * 24 * HOUR_SECONDS, "maximum")],
)
def test_a_start_too_far_away_is_refused_and_nothing_is_created(world, caller, seconds, rule):
    reply = caller.post("/jobs", {"name": "n", "executeAt": in_seconds(world, seconds)})

    assert (reply.status, reply.wrong) == (422, {"executeAt": rule})
    assert caller.get("/jobs").json["jobs"] == []


def test_a_start_a_moment_ago_is_now(world, caller):
    job = caller.post("/jobs", {"name": "n", "executeAt": in_seconds(world, -1)}).json

    assert (job["status"], job["held"], job["startedAt"]) == ("RUNNING", False, job["createdAt"])


def test_a_creation_in_time_can_be_repeated_when_the_time_is_over(world):
    caller = world.caller(idempotency_key="k")
    body = {"name": "n", "executeAt": in_seconds(world, 1)}
    first = caller.post("/jobs", body)
    # As if its answer had never been stored.
    world.persistence.records.clear()
    world.clock.pass_seconds(30)

    again = caller.post("/jobs", body)

    assert (again.status, again.json["jobId"]) == (201, first.json["jobId"])


def test_without_execution_a_job_cannot_have_a_time(world):
    world.execution = False
    caller = world.caller()

    reply = caller.post("/jobs", {"name": "n", "executeAt": in_seconds(world, 60)})

    assert (reply.status, reply.wrong) == (422, {"executeAt": "execution_off"})
