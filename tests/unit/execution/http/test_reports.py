"""How a job went: its outcome, its epochs, its attempts and its failures."""

from tests.support.report_jobs import BROKEN, advance, do, job_of, report


def test_a_job_that_runs_has_a_report_that_is_not_final(caller):
    job_id = job_of(caller, "a", "b")
    do(caller, job_id, "a", "complete")

    running = report(caller, job_id)

    assert (running["final"], running["outcome"], running["status"]) == (False, None, "RUNNING")
    (epoch,) = running["epochs"]
    assert (epoch["finishedAt"], epoch["durationMs"]) == (None, None)
    assert (epoch["counts"]["completed"], epoch["counts"]["pending"]) == (1, 1)
    assert [event["type"] for event in running["events"]] == ["job.created", "job.sealed"]


def test_a_finished_jobs_report_says_how_it_went(caller, world):
    job_id = job_of(caller, "a", "b", metadata={"x": 1})
    world.clock.pass_seconds(2)
    do(caller, job_id, "a", "claim", {"workerId": "w"})
    world.clock.pass_seconds(3)
    do(caller, job_id, "a", "complete")
    do(caller, job_id, "b", "claim", {"workerId": "w"})
    do(caller, job_id, "b", "release")
    do(caller, job_id, "b", "complete")
    advance(caller, job_id)

    final = report(caller, job_id)

    assert (final["final"], final["outcome"], final["outcomeReason"]) == (True, "SUCCESS", None)
    assert (final["jobId"], final["name"], final["clientId"]) == (job_id, "nightly", "operator")
    (epoch,) = final["epochs"]
    assert epoch["openedAt"] == epoch["startedAt"] == epoch["sealedAt"]
    assert (epoch["status"], epoch["durationMs"]) == ("COMPLETED", 5_000)
    assert epoch["counts"]["completed"] == 2
    assert final["attempts"] == {"claims": 2, "failures": 0, "expired": 0, "released": 1}
    assert final["time"] == {"queueMs": 7_000, "runMs": 3_000}
    assert final["events"][-1]["type"] == "job.completed"
    assert final["events"][-1]["eventId"] == f"{job_id}:1:job.completed"


def test_failures_within_the_tolerance_are_a_success_with_a_reason(caller):
    job_id = job_of(caller, "a", "b", "c")
    do(caller, job_id, "a", "fail", BROKEN)
    do(caller, job_id, "b", "fail", {"error": {"type": "Other", "retryable": False}})
    do(caller, job_id, "c", "complete")
    advance(caller, job_id)

    final = report(caller, job_id)

    assert (final["outcome"], final["outcomeReason"]) == ("SUCCESS", "failures_tolerated")
    assert sorted(failure["type"] for failure in final["failuresByType"]) == ["Broken", "Other"]
    assert final["attempts"]["failures"] == 2


def test_a_job_of_one_item_goes_as_its_item_goes(caller):
    failed, canceled = job_of(caller, "a"), job_of(caller, "a")
    do(caller, failed, "a", "fail", BROKEN)
    do(caller, canceled, "a", "cancel")
    for job_id in (failed, canceled):
        advance(caller, job_id)

    reports = [report(caller, job_id) for job_id in (failed, canceled)]

    assert [final["status"] for final in reports] == ["COMPLETED_WITH_FAILURES"] * 2
    assert [final["outcome"] for final in reports] == ["FAILED", "CANCELED"]
    assert [final["outcomeReason"] for final in reports] == [None, None]


def test_a_job_that_failed_over_its_tolerance_or_was_canceled_says_so(caller):
    failed = job_of(caller, "a", "b", policy={"toleratedFailures": 0})
    do(caller, failed, "a", "fail", BROKEN)
    canceled = job_of(caller, "a", "b")
    caller.post(f"/jobs/{canceled}/cancel")
    advance(caller, failed)

    reports = [report(caller, job_id) for job_id in (failed, canceled)]

    ends = [(final["outcome"], final["outcomeReason"]) for final in reports]
    assert ends == [("FAILED", "tolerance"), ("CANCELED", "canceled")]


def test_each_epoch_has_its_own_times_and_counts(caller, world):
    job_id = job_of(caller, "a", "b")
    do(caller, job_id, "a", "fail", BROKEN)
    do(caller, job_id, "b", "complete")
    advance(caller, job_id)
    world.clock.pass_seconds(10)
    do(caller, job_id, "a", "retry")
    world.clock.pass_seconds(1)
    do(caller, job_id, "a", "complete")
    advance(caller, job_id)
    world.clock.pass_seconds(10)
    caller.post(f"/jobs/{job_id}/reopen")

    epochs = report(caller, job_id)["epochs"]

    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
    statuses = [epoch["status"] for epoch in epochs]
    assert statuses == ["COMPLETED_WITH_FAILURES", "COMPLETED", "RUNNING"]
    assert [epoch["counts"]["failed"] for epoch in epochs] == [1, 0, 0]
    assert [epoch["durationMs"] for epoch in epochs] == [0, 1_000, None]
    # A retry leaves the job sealed, a reopening does not.
    assert epochs[1]["sealedAt"] == epochs[0]["sealedAt"] is not None
    assert epochs[2]["sealedAt"] is None


def test_a_report_is_there_though_its_facts_have_expired(caller, world):
    job_id = job_of(caller, "a")
    do(caller, job_id, "a", "complete")
    advance(caller, job_id)
    world.store.read_facts = lambda *_: ()

    final = report(caller, job_id)

    assert (final["outcome"], final["events"]) == ("SUCCESS", [])
    assert [epoch["status"] for epoch in final["epochs"]] == ["COMPLETED"]


def test_a_fact_that_came_after_the_header_was_read_is_left_out(caller, world):
    job_id = job_of(caller, "a")
    read = world.store.read_facts

    def read_later(*arguments):
        do(caller, job_id, "a", "complete")
        world.store.read_facts = read
        advance(caller, job_id)
        return read(*arguments)

    world.store.read_facts = read_later

    running = report(caller, job_id)

    assert (running["final"], running["status"]) == (False, "RUNNING")
    assert [event["type"] for event in running["events"]] == ["job.created", "job.sealed"]


def test_no_job_no_report(caller):
    assert caller.get("/jobs/01KAJXPF80000APN59HKNHY2PJ-8/report").json["code"] == "unknown_job"


def test_a_scheduled_job_has_not_started(caller, world):
    at = "2099-01-01T00:00:00Z"
    world.clock.now = 4_070_000_000_000
    job_id = job_of(caller, "a", executeAt=at)
    scheduled = report(caller, job_id)["epochs"][0]
    world.clock.pass_seconds(5)
    assert caller.post(f"/jobs/{job_id}/start").status == 200

    started = report(caller, job_id)["epochs"][0]

    assert (scheduled["status"], scheduled["startedAt"]) == ("SCHEDULED", None)
    assert started["openedAt"] == scheduled["openedAt"]
    assert started["startedAt"] > started["openedAt"]
