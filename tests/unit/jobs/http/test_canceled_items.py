"""Items that the closing of their lane canceled, without rewriting their rows."""

from typing import Any

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
