"""Commands that come again over HTTP."""

import pytest


def test_a_command_with_the_same_id_is_a_duplicate(caller):
    job_id = caller.new_job(items=["a"])
    body = {"workerId": "w", "commandId": "c-1", "at": "2026-11-21T10:00:00Z"}

    caller.post(f"/jobs/{job_id}/items/a/claim", {**body, "at": "2026-11-21T11:00:00+01:00"})
    again = caller.post(f"/jobs/{job_id}/items/a/claim", body)

    assert (again.status, again.json["outcome"]) == (200, "duplicate")


@pytest.mark.parametrize(
    ("end", "body", "reason"),
    [
        ("complete", {}, "already_completed"),
        ("fail", {"error": {"type": "Bad", "retryable": False}}, "already_failed"),
        (None, {}, "already_canceled"),
    ],
)
def test_a_claim_that_comes_again_when_its_item_is_finished_is_no_permission_to_start(
    caller, end, body, reason
):
    job_id = caller.new_job(items=["a"])
    claim = {"commandId": "c-1", "workerId": "w"}
    granted = caller.post(f"/jobs/{job_id}/items/a/claim", claim)
    caller.post(f"/jobs/{job_id}/items/a/{end}" if end else f"/jobs/{job_id}/cancel", body)
    before = caller.get(f"/jobs/{job_id}/events").json["events"]

    again = caller.post(f"/jobs/{job_id}/items/a/claim", claim)

    assert (granted.status, again.status) == (200, 409)
    assert (again.json["outcome"], again.json["code"]) == ("rejected", reason)
    assert again.json["item"]["state"] == reason.removeprefix("already_").upper()
    assert caller.get(f"/jobs/{job_id}/events").json["events"] == before


def test_a_claim_that_comes_again_while_its_worker_has_the_item_is_a_duplicate(caller):
    job_id = caller.new_job(items=["a"])
    claim = {"commandId": "c-1", "workerId": "w"}
    caller.post(f"/jobs/{job_id}/items/a/claim", claim)

    again = caller.post(f"/jobs/{job_id}/items/a/claim", claim)

    assert (again.status, again.json["outcome"]) == (200, "duplicate")
