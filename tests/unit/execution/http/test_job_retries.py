"""A failed job of one item is retried as a whole."""

import pytest

BROKEN = {"error": {"type": "Broken", "retryable": False}}


def failed_job(caller, **fields):
    job_id = caller.new_job(items=["a"], seal=True, **fields)
    caller.post(f"/jobs/{job_id}/items/a/fail", BROKEN)
    caller.post(f"/jobs/{job_id}/seal")
    assert caller.get(f"/jobs/{job_id}").json["isComplete"]
    return job_id


@pytest.mark.parametrize("fields", [{}, {"policy": {"toleratedFailures": 0}}, {"lanes": 3}])
def test_its_item_is_pending_again_and_the_job_runs(caller, fields):
    job_id = failed_job(caller, **fields)

    reply = caller.post(f"/jobs/{job_id}/retry")

    assert (reply.status, reply.json["outcome"]) == (200, "applied")
    job = reply.json["job"]
    assert (job["status"], job["epoch"], job["pending"]) == ("RUNNING", 2, 1)
    retried = caller.get(f"/jobs/{job_id}/items/a").json["history"][-1]
    assert (retried["type"], retried["clientId"]) == ("retried", "operator")


def test_it_is_safe_to_repeat(caller):
    job_id = failed_job(caller)

    outcomes = [caller.post(f"/jobs/{job_id}/retry").json["outcome"] for _ in range(2)]

    assert outcomes == ["applied", "duplicate"]
    assert caller.get(f"/jobs/{job_id}").json["epoch"] == 2


@pytest.mark.parametrize("state", ["nothing yet", "claim", "complete", "cancel"])
def test_a_job_whose_item_did_not_fail_is_not_retried(caller, state):
    job_id = caller.new_job(items=["a"], seal=True)
    if state != "nothing yet":
        caller.post(f"/jobs/{job_id}/items/a/{state}")

    reply = caller.post(f"/jobs/{job_id}/retry")

    assert (reply.status, reply.json["code"]) == (409, "not_failed")


def test_nor_is_one_without_items(caller):
    job_id = caller.new_job()

    assert caller.post(f"/jobs/{job_id}/retry").json["code"] == "not_failed"


def test_a_canceled_job_is_reopened_and_not_retried(caller):
    job_id = caller.new_job(items=["a"], seal=True)
    caller.post(f"/jobs/{job_id}/cancel")

    reply = caller.post(f"/jobs/{job_id}/retry")

    assert (reply.status, reply.json["code"]) == (409, "job_canceled")


def test_a_job_of_more_items_is_not_retried_as_a_whole_yet(caller):
    job_id = caller.new_job(items=["a", "b"], seal=True)
    caller.post(f"/jobs/{job_id}/items/a/fail", BROKEN)

    reply = caller.post(f"/jobs/{job_id}/retry")

    assert reply.wrong == {"jobId": "not_yet"}
    assert caller.get(f"/jobs/{job_id}/items/a").json["state"] == "FAILED"


def test_a_job_whose_key_moved_is_not_retried(caller):
    job_id = failed_job(caller, jobKey="k")
    caller.new_job(items=["a"], seal=True, jobKey="k", jobKeyReuse="afterFailure")

    reply = caller.post(f"/jobs/{job_id}/retry")

    assert (reply.status, reply.json["code"]) == (409, "job_key_reused")


def test_no_job_no_retry(caller):
    reply = caller.post("/jobs/01KAJXPF80000APN59HKNHY2PJ-8/retry")

    assert (reply.status, reply.json["code"]) == (404, "unknown_job")
