"""What status, list and `why` say of items that failed, of progress and of a standstill."""


def every_view(caller, job_id):
    """The job as its own route and as the list shows it."""
    (listed,) = caller.get("/jobs").json["jobs"]
    return caller.get(f"/jobs/{job_id}").json, listed


def test_items_that_failed_and_are_not_finished_are_shown_everywhere(caller, clock):
    job_id = caller.new_job(items=["a", "b", "c", "d"], policy={"maxAttempts": 2})
    for item in "abc":
        caller.post(f"/jobs/{job_id}/items/{item}/fail")
    clock.pass_seconds(600)
    caller.post(f"/jobs/{job_id}/items/a/claim")
    caller.post(f"/jobs/{job_id}/items/b/complete")
    caller.post(f"/jobs/{job_id}/seal")

    why = caller.get(f"/jobs/{job_id}/why").json

    for shown in (*every_view(caller, job_id), why):
        assert (shown["pending"], shown["inProgress"], shown["retrying"]) == (2, 1, 2)
    assert "items_retrying" in why["reasons"]


def test_a_job_in_which_nothing_failed_has_no_reason_of_that_kind(caller):
    job_id = caller.new_job(items=["a"])
    caller.post(f"/jobs/{job_id}/items/a/fail", {"error": {"type": "E", "retryable": False}})

    why = caller.get(f"/jobs/{job_id}/why").json

    assert (why["failed"], why["retrying"]) == (1, 0)
    assert "items_retrying" not in why["reasons"]


def test_nothing_is_retrying_in_a_canceled_job(caller):
    job_id = caller.new_job(items=["a"], policy={"maxAttempts": 2})
    caller.post(f"/jobs/{job_id}/items/a/fail")
    caller.post(f"/jobs/{job_id}/cancel")

    for shown in every_view(caller, job_id):
        assert (shown["canceled"], shown["retrying"], shown["progress"]) == (1, 0, 0.0)


def test_a_job_that_stands_still_says_for_how_long_and_promises_no_end(caller, clock):
    job_id = caller.new_job(items=["a", "b"], seal=True)
    clock.pass_seconds(10)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/seal")
    clock.pass_seconds(5)
    moving = every_view(caller, job_id)
    clock.pass_seconds(3_600)
    standing = every_view(caller, job_id)

    for shown in moving:
        assert (shown["etaSeconds"], shown["unchangedSeconds"]) == (15, None)
    for shown in standing:
        assert (shown["etaSeconds"], shown["unchangedSeconds"]) == (None, 3_605)
        assert shown["itemsPerSecond"] == 0.0


def test_a_job_reopened_by_a_retry_is_measured_by_what_it_does_then(caller, clock):
    job_id = caller.new_job(items=["a", "b"], seal=True)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/items/b/fail", {"error": {"type": "E", "retryable": False}})
    caller.post(f"/jobs/{job_id}/seal")
    clock.pass_seconds(1_000)
    caller.post(f"/jobs/{job_id}/items/b/retry")
    caller.post(f"/jobs/{job_id}/items:register", {"items": ["c"]})
    clock.pass_seconds(4)
    before = caller.get(f"/jobs/{job_id}").json
    caller.post(f"/jobs/{job_id}/items/b/fail", {"error": {"type": "E", "retryable": False}})
    caller.post(f"/jobs/{job_id}/items/b/retry")

    after = caller.get(f"/jobs/{job_id}").json

    assert (before["epoch"], before["itemsPerSecond"], before["unchangedSeconds"]) == (2, 0.0, None)
    assert (after["itemsPerSecond"], after["retrying"]) == (0.25, 1)
