"""Jobs that are paused, and what held jobs have in common, over HTTP."""

import pytest

from forgeledger.jobs.usecases import resume_items
from tests.support.held_jobs import HOUR_SECONDS, claim, in_seconds, job_in_an_hour, relay


@pytest.fixture
def scheduled(world, caller):
    return job_in_an_hour(world, caller)


def test_what_is_no_time_is_refused(caller):
    job_id = caller.new_job()

    created = caller.post("/jobs", {"name": "n", "executeAt": "tomorrow"})
    paused = caller.post(f"/jobs/{job_id}/pause", {"until": "tomorrow"})

    assert created.wrong == {"executeAt": "datetime"}
    assert paused.wrong == {"until": "datetime"}


def test_a_paused_job_grants_no_claim_and_takes_all_reports(caller):
    job_id = caller.new_job(items=["a", "b"])
    claim(caller, job_id, "b")
    paused = caller.post(f"/jobs/{job_id}/pause")

    refused = claim(caller, job_id)
    beat = caller.post(f"/jobs/{job_id}/items/b/heartbeat", {"attempt": 1})
    done = caller.post(f"/jobs/{job_id}/items/b/complete", {"attempt": 1})
    resumed = caller.post(f"/jobs/{job_id}/resume")

    assert (paused.json["outcome"], paused.json["job"]["held"]) == ("applied", True)
    assert paused.json["job"]["status"] == "RUNNING"
    assert refused.json["code"] == "job_held"
    assert (beat.json["outcome"], done.json["outcome"]) == ("applied", "applied")
    assert (resumed.json["outcome"], resumed.json["job"]["held"]) == ("applied", False)
    assert claim(caller, job_id).json["outcome"] == "applied"


def test_pause_and_resume_can_be_repeated(caller):
    job_id = caller.new_job()

    outcomes = [
        caller.post(f"/jobs/{job_id}/{change}").json["outcome"]
        for change in ("resume", "pause", "pause", "resume", "resume")
    ]

    assert outcomes == ["duplicate", "applied", "duplicate", "applied", "duplicate"]


def test_a_pause_ends_by_itself_at_its_time(world, caller):
    job_id = caller.new_job(items=["a"])
    until = in_seconds(world, 60)
    paused = caller.post(f"/jobs/{job_id}/pause", {"until": until})
    world.clock.pass_seconds(59.999)
    relay(world, job_id)
    refused = claim(caller, job_id)

    world.clock.pass_seconds(0.001)
    relay(world, job_id)

    assert paused.json["job"]["pausedUntil"] == until
    assert refused.json["code"] == "job_held"
    assert caller.get(f"/jobs/{job_id}").json["pausedUntil"] is None
    assert claim(caller, job_id).status == 200


@pytest.mark.parametrize(
    ("seconds", "rule"), [(0, "minimum"), (366 * 24 * HOUR_SECONDS, "maximum")]
)
def test_a_pause_that_is_over_already_or_ends_too_late_is_refused(world, caller, seconds, rule):
    job_id = caller.new_job()

    reply = caller.post(f"/jobs/{job_id}/pause", {"until": in_seconds(world, seconds)})

    assert reply.wrong == {"until": rule}
    assert caller.get(f"/jobs/{job_id}").json["held"] is False


def test_a_finished_job_cannot_be_paused(caller):
    job_id = caller.new_job(seal=True)

    reply = caller.post(f"/jobs/{job_id}/pause")

    assert (reply.status, reply.json["code"]) == (409, "job_finished")


def test_a_claim_that_would_register_its_item_registers_nothing_in_a_held_job(caller):
    job_id = caller.new_job(autoRegister=True)
    caller.post(f"/jobs/{job_id}/pause")

    refused = claim(caller, job_id, "new")

    assert refused.json["code"] == "job_held"
    assert caller.get(f"/jobs/{job_id}").json["total"] == 0


def test_an_expired_item_is_not_taken_over_while_its_job_is_held(world, caller):
    job_id = caller.new_job(items=["a"], policy={"leaseSeconds": 10})
    claim(caller, job_id)
    caller.post(f"/jobs/{job_id}/pause")
    world.clock.pass_seconds(20)

    other = caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "other"})

    assert other.json["code"] == "job_held"


def test_a_finished_item_is_refused_as_finished_in_a_held_job(caller):
    job_id = caller.new_job(items=["a"])
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/pause")

    assert claim(caller, job_id).json["code"] == "already_completed"


def test_a_job_paused_while_its_items_are_resumed_has_them_all_and_grants_none(
    world, caller, monkeypatch
):
    monkeypatch.setattr(resume_items, "ITEMS_RESUMED_AT_ONCE", 1)
    job_id = caller.new_job(items=["a", "b", "c"], lanes=1)
    caller.post(f"/jobs/{job_id}/cancel")
    caller.post(f"/jobs/{job_id}/reopen", {"items": "resume"})

    paused = caller.post(f"/jobs/{job_id}/pause").json["job"]
    for _ in range(5):
        relay(world, job_id)
    held = caller.get(f"/jobs/{job_id}").json

    assert (paused["resuming"], paused["held"]) == (True, True)
    assert (held["resuming"], held["held"], held["pending"]) == (False, True, 3)
    assert claim(caller, job_id).json["code"] == "job_held"


def test_why_says_that_a_job_waits_for_its_start_or_is_paused(world, caller, scheduled):
    paused = caller.new_job(items=["a"])
    until = in_seconds(world, 60)
    caller.post(f"/jobs/{paused}/pause", {"until": until})

    waits, stands = (caller.get(f"/jobs/{job_id}/why").json for job_id in (scheduled, paused))

    assert waits["reasons"] == ["scheduled", "items_pending"]
    assert waits["executeAt"] == in_seconds(world, HOUR_SECONDS)
    assert stands["reasons"] == ["paused", "unsealed", "items_pending"]
    assert stands["pausedUntil"] == until


def test_a_held_job_has_no_time_left(world, caller, scheduled):
    paused = caller.new_job(items=[f"i{n}" for n in range(10)], seal=True)
    for number in range(5):
        world.clock.pass_seconds(1)
        caller.post(f"/jobs/{paused}/items/i{number}/complete")
    running = caller.get(f"/jobs/{paused}").json
    caller.post(f"/jobs/{paused}/pause")

    stands, waits = (caller.get(f"/jobs/{job_id}").json for job_id in (paused, scheduled))

    assert running["etaSeconds"] is not None
    assert (stands["etaSeconds"], stands["progress"]) == (None, 0.5)
    assert (waits["etaSeconds"], waits["itemsPerSecond"], waits["unchangedSeconds"]) == (
        None,
        None,
        None,
    )


def test_the_journal_says_which_lanes_are_held_and_who_asked(world, caller):
    job_id = caller.new_job(lanes=1)
    until = in_seconds(world, 60)
    caller.post(f"/jobs/{job_id}/pause", {"until": until})
    caller.post(f"/jobs/{job_id}/resume")

    events = caller.get(f"/jobs/{job_id}/events").json["events"]

    gated = [event.get("held") for event in events if event["type"] == "gated"]
    facts = {event["type"]: event for event in events if "eventId" in event}
    assert gated == [True, None]
    assert facts["job.paused"]["pausedUntil"] == until
    assert facts["job.paused"]["clientId"] == facts["job.resumed"]["clientId"] == "operator"
