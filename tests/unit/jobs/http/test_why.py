"""Why a job is not done."""

from dataclasses import replace


def test_an_unsealed_job_waits_for_its_seal_and_its_items(caller, clock):
    job_id = caller.new_job(items=["p", "i", "j"])
    for item in "ij":
        caller.post(f"/jobs/{job_id}/items/{item}/claim", {"workerId": "w"})
        clock.pass_seconds(60)

    why = caller.get(f"/jobs/{job_id}/why").json

    assert why["reasons"] == ["unsealed", "items_in_progress", "items_pending"]
    assert [item["itemId"] for item in why["oldestInProgress"]] == ["i", "j"]
    assert "payload" not in why["oldestInProgress"][0]
    assert (why["pending"], why["inProgress"]) == (1, 2)
    assert (why["itemsScanned"], why["scanComplete"]) == (3, True)


def test_expired_leases_and_items_due_later_are_listed(caller, clock):
    policy = {"leaseSeconds": 30, "maxAttempts": 3, "backoffBaseSeconds": 600}
    job_id = caller.new_job(items=["expired", "held", "later"], seal=True, policy=policy)
    caller.post(f"/jobs/{job_id}/items/expired/claim", {"workerId": "w"})
    clock.pass_seconds(31)
    caller.post(f"/jobs/{job_id}/items/held/claim", {"workerId": "w"})
    caller.post(f"/jobs/{job_id}/items/later/fail", {"error": {"type": "Timeout"}})

    why = caller.get(f"/jobs/{job_id}/why").json

    assert {"leases_expired", "items_in_progress", "items_due_later"} <= set(why["reasons"])
    assert why["expiredLeases"]["count"] == 1
    assert why["expiredLeases"]["items"][0]["itemId"] == "expired"
    assert why["dueLater"]["items"][0]["itemId"] == "later"
    assert why["dueLater"]["items"][0]["error"]["type"] == "Timeout"


def test_items_that_failed_before_are_counted_by_their_latest_error(caller, clock):
    policy = {"maxAttempts": 5, "backoffBaseSeconds": 60, "backoffCapSeconds": 600}
    items = ["a", "b", "c", "done", "new"]
    job_id = caller.new_job(items=items, lanes=3, seal=True, policy=policy)
    for item, error in (("a", "NoSuchFile"), ("b", "Timeout"), ("c", "Timeout"), ("done", "X")):
        caller.post(f"/jobs/{job_id}/items/{item}/fail", {"error": {"type": error}})
    caller.post(f"/jobs/{job_id}/items/done/complete", {})
    clock.pass_seconds(700)
    # One more failure of the first: what counts is its latest error. The second is in progress.
    caller.post(f"/jobs/{job_id}/items/a/fail", {"error": {"type": "Denied"}})
    caller.post(f"/jobs/{job_id}/items/b/claim", {"workerId": "w"})

    why = caller.get(f"/jobs/{job_id}/why").json

    assert "items_retrying" in why["reasons"]
    assert why["retries"] == [{"type": "Timeout", "count": 2}, {"type": "Denied", "count": 1}]
    assert why["retrying"] == 3
    (due,) = why["dueLater"]["items"]
    assert (due["itemId"], why["nextDueAt"]) == ("a", due["dueAt"])
    assert why["failures"] == []


def test_a_job_without_retries_has_no_next_due_time(caller):
    job_id = caller.new_job(items=["a"])

    why = caller.get(f"/jobs/{job_id}/why").json

    assert (why["retries"], why["nextDueAt"]) == ([], None)


def test_failures_are_counted_by_type_most_frequent_first(caller):
    job_id = caller.new_job(items=["a", "b", "c"], lanes=3)
    for item, error in (("a", "Timeout"), ("b", "Timeout"), ("c", "NoSuchFile")):
        caller.post(f"/jobs/{job_id}/items/{item}/fail", {"error": {"type": error}})

    why = caller.get(f"/jobs/{job_id}/why").json

    assert why["failures"] == [
        {"type": "Timeout", "count": 2},
        {"type": "NoSuchFile", "count": 1},
    ]


def test_a_job_that_expects_more_items_says_so(caller):
    job_id = caller.new_job(expectedItems=2)
    caller.post(f"/jobs/{job_id}/items/a/complete")

    why = caller.get(f"/jobs/{job_id}/why").json

    assert why["reasons"] == ["items_missing"]
    assert why["expectedItems"] == 2


def test_a_job_reopened_with_all_its_expected_items_waits_for_somebody_to_seal_it(caller):
    job_id = caller.new_job(expectedItems=1)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/cancel")
    caller.post(f"/jobs/{job_id}/reopen")

    assert caller.get(f"/jobs/{job_id}/why").json["reasons"] == ["unsealed"]


def test_a_job_reopened_before_all_its_expected_items_came_seals_itself(caller):
    job_id = caller.new_job(expectedItems=2)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/cancel")
    caller.post(f"/jobs/{job_id}/reopen")

    waiting = caller.get(f"/jobs/{job_id}/why").json["reasons"]
    caller.post(f"/jobs/{job_id}/items/b/complete")

    assert waiting == ["items_missing"]
    assert caller.get(f"/jobs/{job_id}/why").json["reasons"] == ["verdict_due"]


def test_a_job_with_nothing_left_to_do_waits_for_its_verdict(caller):
    job_id = caller.new_job(items=["a"], seal=True)
    caller.post(f"/jobs/{job_id}/items/a/complete")

    assert caller.get(f"/jobs/{job_id}/why").json["reasons"] == ["verdict_due"]


def test_a_finished_job_waits_for_nothing(caller):
    job_id = caller.new_job(seal=True)

    assert caller.get(f"/jobs/{job_id}/why").json["reasons"] == ["finished"]


def test_a_job_that_failed_says_why(caller):
    job_id = caller.new_job(items=["a"], policy={"toleratedFailures": 0})
    before = caller.get(f"/jobs/{job_id}/why").json
    caller.post(f"/jobs/{job_id}/items/a/fail")
    caller.post(f"/jobs/{job_id}/seal")

    why = caller.get(f"/jobs/{job_id}/why").json

    assert before["reason"] is None
    assert (why["status"], why["reason"], why["reasons"]) == ("FAILED", "tolerance", ["finished"])


def test_a_passed_deadline_is_reported(caller, clock):
    job_id = caller.new_job(deadlineSeconds=60)
    clock.pass_seconds(61)

    why = caller.get(f"/jobs/{job_id}/why").json

    assert why["reasons"][0] == "deadline_passed"
    assert why["deadlineAt"] == "2026-11-21T10:01:00.000Z"


def test_an_ending_job_waits_for_its_lanes(caller, world):
    job_id = caller.new_job(items=["a"], lanes=2)
    caller.post(f"/jobs/{job_id}/cancel")
    load = world.store.load_job

    def half_way(job_id):
        view = load(job_id)
        job = replace(view.job, status="RUNNING", ending="CANCELED", gate=2)
        return replace(view, job=job)

    world.store.load_job = half_way

    why = caller.get(f"/jobs/{job_id}/why").json

    assert why["reasons"] == ["ending", "lanes_lagging"]
    assert why["laggingLanes"] == [0, 1]
