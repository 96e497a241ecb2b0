"""Items that a command canceled, or the closing of their lane, without rewriting their rows."""

from typing import Any

from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter

CANCELED_AT = "2026-11-21T10:01:00.000Z"


def canceled_job(caller: Any, clock: Any) -> str:
    """Canceled a minute after its creation, with an item of each unfinished state."""
    job_id: str = caller.new_job(items=["held", "waits", "done"], lanes=1)
    caller.post(f"/jobs/{job_id}/items/held/claim", {"workerId": "w"})
    caller.post(f"/jobs/{job_id}/items/done/complete")
    clock.pass_seconds(60)
    caller.post(f"/jobs/{job_id}/cancel")
    clock.pass_seconds(60)
    return job_id


def finish_times(caller: Any, job_id: str) -> dict[str, str | None]:
    items = caller.get(f"/jobs/{job_id}/items").json["items"]
    return {item["itemId"]: item["finishedAt"] for item in items}


def test_they_have_the_time_of_the_closing(caller, clock):
    job_id = canceled_job(caller, clock)

    assert finish_times(caller, job_id) == {
        "held": CANCELED_AT,
        "waits": CANCELED_AT,
        "done": "2026-11-21T10:00:00.000Z",
    }
    assert caller.get(f"/jobs/{job_id}/items/held").json["finishedAt"] == CANCELED_AT


def test_a_command_that_is_refused_later_does_not_change_the_time(caller, clock):
    job_id = canceled_job(caller, clock)

    refused = caller.post(f"/jobs/{job_id}/items/held/complete", {"workerId": "w"})

    assert refused.json["code"] == "already_canceled"
    assert refused.json["item"]["finishedAt"] == CANCELED_AT
    assert finish_times(caller, job_id)["held"] == CANCELED_AT


def test_each_has_the_time_of_the_closing_that_canceled_it(caller, clock):
    job_id = canceled_job(caller, clock)
    caller.post(f"/jobs/{job_id}/reopen")
    caller.post(f"/jobs/{job_id}/items:register", {"items": ["later"]})
    caller.post(f"/jobs/{job_id}/cancel")

    times = finish_times(caller, job_id)

    assert times["waits"] == CANCELED_AT
    assert times["later"] == "2026-11-21T10:02:00.000Z"


def test_an_item_can_be_canceled_by_itself(caller, clock):
    job_id = caller.new_job(items=["a", "b"])
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w"})
    clock.pass_seconds(60)

    canceled = caller.post(f"/jobs/{job_id}/items/a/cancel", {"attempt": 1})

    item = canceled.json["item"]
    assert canceled.json["outcome"] == "applied"
    assert (item["state"], item["finishedAt"], item["workerId"]) == ("CANCELED", CANCELED_AT, "w")
    job = caller.get(f"/jobs/{job_id}").json
    assert (job["total"], job["canceled"], job["failed"], job["pending"]) == (2, 1, 0, 1)


def test_canceling_the_last_unfinished_item_of_a_sealed_job_completes_it(caller, world):
    job_id = caller.new_job(items=["a", "b"], seal=True, policy={"toleratedFailures": 0})
    caller.post(f"/jobs/{job_id}/items/a/complete")

    caller.post(f"/jobs/{job_id}/items/b/cancel")

    JobAdvancer(world.store, LaneWriter(world.store, world.runtime), world.runtime).advance(job_id)
    job = caller.get(f"/jobs/{job_id}").json
    assert (job["status"], job["canceled"]) == ("COMPLETED_WITH_FAILURES", 1)


def test_its_history_says_who_canceled_it_and_leaves_out_later_closings(caller):
    job_id = caller.new_job(items=["a", "b"])
    caller.post(f"/jobs/{job_id}/items/a/cancel")
    caller.post(f"/jobs/{job_id}/cancel")
    caller.post(f"/jobs/{job_id}/items/a/complete")

    history = caller.get(f"/jobs/{job_id}/items/a").json["history"]

    assert [event["type"] for event in history] == ["registered", "canceled", "rejected"]
    assert history[1]["clientId"] == "operator"


def test_a_claim_whose_lease_is_over_can_be_expired(caller, clock):
    job_id = caller.new_job(items=["a"], policy={"maxAttempts": 2, "leaseSeconds": 60})
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w"})

    early = caller.post(f"/jobs/{job_id}/items/a/expire")
    clock.pass_seconds(60)
    late = caller.post(f"/jobs/{job_id}/items/a/expire", {"attempt": 1})

    assert (early.json["outcome"], early.json["item"]["state"]) == ("duplicate", "IN_PROGRESS")
    assert (late.json["outcome"], late.json["item"]["state"]) == ("applied", "PENDING")
    assert late.json["item"]["error"]["type"] == "LeaseExpired"
