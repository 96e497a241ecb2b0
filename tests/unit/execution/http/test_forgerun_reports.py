"""The report of a job of one item in the shape of ForgeRun."""

import pytest

from tests.support.report_jobs import BROKEN, PASSING, advance, do, job_of, report


@pytest.mark.parametrize("names", [(), ("a", "b")])
def test_forgeruns_shape_is_for_jobs_of_one_item(caller, names):
    job_id = caller.new_job(items=list(names))

    assert caller.get(f"/jobs/{job_id}/report", **{"as": "forgerun"}).wrong == {"as": "one_item"}


def test_another_shape_is_refused(caller):
    job_id = job_of(caller, "a")

    assert caller.get(f"/jobs/{job_id}/report", **{"as": "xml"}).wrong == {"as": "enum"}


def steps_of(shown):
    return [f"{e['prev_state']} -> {e['next_state']}" for e in shown["events"]]


def forgerun(caller, job_id):
    return report(caller, job_id, **{"as": "forgerun"})


QUEUED = ["CREATED -> CREATED", "CREATED -> QUEUED"]
RUNS = ["QUEUED -> ASSIGNED", "ASSIGNED -> RUNNING"]


def test_in_forgeruns_shape_a_run_is_seven_events_with_its_times(caller, world):
    job_id = job_of(caller, "a")
    world.clock.pass_seconds(2)
    do(caller, job_id, "a", "claim", {"workerId": "w"})
    world.clock.pass_seconds(5)
    do(caller, job_id, "a", "complete")
    advance(caller, job_id)

    shown = forgerun(caller, job_id)

    assert sorted(shown) == [
        *("duration_ms", "events", "finished_at", "job_id", "outcome", "started_at")
    ]
    assert [event["event_name"] for event in shown["events"]] == [
        *("job_created", "job_queued", "job_assigned", "job_started", "job_succeeded")
    ]
    assert steps_of(shown) == [*QUEUED, *RUNS, "RUNNING -> SUCCEEDED"]
    assert (shown["job_id"], shown["outcome"], shown["duration_ms"]) == (job_id, "SUCCESS", 5_000)
    assert shown["started_at"] == shown["events"][3]["timestamp"]
    assert shown["finished_at"] == shown["events"][-1]["timestamp"]


def test_before_the_end_it_has_no_outcome(caller):
    job_id = job_of(caller, "a")
    do(caller, job_id, "a", "claim")

    shown = forgerun(caller, job_id)

    assert steps_of(shown) == [*QUEUED, *RUNS]
    assert [shown[name] for name in ("outcome", "finished_at", "duration_ms")] == [None] * 3


def test_a_job_that_failed_was_retried_and_succeeded_has_a_report_with_both_ends(caller):
    """ForgeRun's own report fails here: it finds two final events."""
    job_id = job_of(caller, "a")
    do(caller, job_id, "a", "fail", BROKEN)
    advance(caller, job_id)
    assert caller.post(f"/jobs/{job_id}/retry").status == 200
    do(caller, job_id, "a", "complete")
    advance(caller, job_id)

    shown = forgerun(caller, job_id)

    retried = ["RUNNING -> FAILED", "FAILED -> QUEUED", *RUNS, "RUNNING -> SUCCEEDED"]
    assert steps_of(shown) == [*QUEUED, *RUNS, *retried]
    assert shown["outcome"] == "SUCCESS"


def test_a_failure_with_attempts_left_goes_back_to_the_queue(caller):
    job_id = job_of(caller, "a", policy={"maxAttempts": 2})
    do(caller, job_id, "a", "claim")
    do(caller, job_id, "a", "fail", PASSING)
    do(caller, job_id, "a", "claim", {"workerId": "w"})
    do(caller, job_id, "a", "release")

    again = "RUNNING -> QUEUED"
    assert steps_of(forgerun(caller, job_id)) == [*QUEUED, *RUNS, again, *RUNS, again]


def test_a_takeover_goes_through_the_queue(caller):
    job_id = job_of(caller, "a")
    do(caller, job_id, "a", "claim", {"workerId": "w-1"})
    do(caller, job_id, "a", "claim", {"workerId": "w-2"})

    assert steps_of(forgerun(caller, job_id)) == [*QUEUED, *RUNS, "RUNNING -> QUEUED", *RUNS]


def test_what_was_refused_or_only_kept_alive_is_no_event(caller):
    job_id = job_of(caller, "a")
    do(caller, job_id, "a", "claim", {"workerId": "w", "leaseSeconds": 60})
    do(caller, job_id, "a", "heartbeat", {"workerId": "w"})
    assert caller.post(f"/jobs/{job_id}/items/a/retry").status == 409

    assert steps_of(forgerun(caller, job_id)) == [*QUEUED, *RUNS]


@pytest.mark.parametrize("whole", [True, False])
def test_a_canceled_job_has_a_report_too(caller, whole):
    """ForgeRun has none of a job that was canceled over HTTP."""
    job_id = job_of(caller, "a")
    caller.post(f"/jobs/{job_id}/cancel" if whole else f"/jobs/{job_id}/items/a/cancel")
    advance(caller, job_id)

    shown = forgerun(caller, job_id)

    assert steps_of(shown) == [*QUEUED, "QUEUED -> CANCELED"]
    assert shown["outcome"] == "CANCELED"
    assert shown["finished_at"] is not None


def test_a_job_over_its_deadline_has_failed_whatever_its_item_was_doing(caller, world):
    job_id = job_of(caller, "a", deadlineSeconds=60)
    do(caller, job_id, "a", "claim")
    world.clock.pass_seconds(61)
    advance(caller, job_id)

    shown = forgerun(caller, job_id)

    assert (steps_of(shown)[-1], shown["outcome"]) == ("RUNNING -> FAILED", "FAILED")


def test_a_history_of_many_pages_is_told_whole(caller):
    job_id = job_of(caller, "a")
    for number in range(60):
        do(caller, job_id, "a", "claim", {"workerId": f"w-{number}"})
        do(caller, job_id, "a", "release")

    assert steps_of(forgerun(caller, job_id)) == [*QUEUED, *[*RUNS, "RUNNING -> QUEUED"] * 60]


def test_a_resumed_item_was_canceled_before(caller):
    job_id = job_of(caller, "a")
    caller.post(f"/jobs/{job_id}/cancel")
    caller.post(f"/jobs/{job_id}/reopen", {"items": "resume"})

    shown = forgerun(caller, job_id)

    assert steps_of(shown) == [*QUEUED, "QUEUED -> CANCELED", "CANCELED -> QUEUED"]
    assert (shown["outcome"], shown["finished_at"]) == (None, None)
