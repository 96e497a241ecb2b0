"""Jobs over HTTP: create, read, list, seal, cancel, reopen."""

import pytest

from forgeledger.jobs.usecases import create_job
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from tests.support.api_callers import make_world


def test_a_new_job_is_answered_with_all_that_is_known_of_it(caller):
    reply = caller.post(
        "/jobs",
        {
            "name": "nightly",
            "expectedItems": 20_000,
            "policy": {"maxAttempts": 3, "toleratedFailurePercent": 2.5},
            "metadata": {"team": "billing", "big": 10**30},
            "tags": ["a", "b", "a"],
            "ttlDays": 7,
            "deadlineSeconds": 60,
        },
    )

    assert reply.status == 201
    job = reply.json
    assert job["jobId"].endswith("-8")
    assert job["lanes"] == 8
    assert job["status"] == "RUNNING"
    assert job["epoch"] == 1
    assert job["policy"]["maxAttempts"] == 3
    assert job["policy"]["toleratedFailurePercent"] == 2.5
    assert job["metadata"] == {"team": "billing", "big": 10**30}
    assert job["tags"] == ["a", "b"]
    assert job["autoRegister"] is True
    assert job["createdAt"] == "2026-11-21T10:00:00.000Z"
    assert job["deadlineAt"] == "2026-11-21T10:01:00.000Z"
    assert job["registration"] is None


def test_a_new_job_is_found_where_its_answer_says(caller):
    replies = [
        caller.post("/jobs", {"name": "n"}),
        caller.post("/jobs", {"name": "n"}, idempotency_key="k"),
        caller.post("/jobs", {"name": "n"}, idempotency_key="k"),
    ]

    for reply in replies:
        assert caller.get(reply.headers["Location"]).json["jobId"] == reply.json["jobId"]
    assert replies[2].headers["Idempotency-Replayed"] == "true"


def test_a_job_is_located_below_the_stage_of_its_api(caller):
    event = caller.event("POST", "/prod/jobs", body='{"name": "n"}')
    event["requestContext"]["stage"] = "prod"

    reply = caller.send(event)

    assert reply.headers["Location"] == f"/prod/jobs/{reply.json['jobId']}"


@pytest.mark.parametrize(
    ("path", "body", "status"), [("/jobs", {}, 422), ("/jobs/x/seal", {}, 404)]
)
def test_nothing_else_has_a_location(caller, path, body, status):
    reply = caller.post(path, body)

    assert reply.status == status
    assert "Location" not in reply.headers


def test_both_spellings_of_a_name_mean_the_same(caller):
    reply = caller.post(
        "/jobs",
        {"name": "n", "expected_items": 5, "auto_register": True, "policy": {"max_attempts": 2}},
    )

    assert reply.json["expectedItems"] == 5
    assert reply.json["policy"]["maxAttempts"] == 2


@pytest.mark.parametrize(
    ("fields", "lanes"),
    [
        ({}, 4),
        ({"lanes": 3}, 3),
        ({"expectedItems": 10}, 1),
        ({"items": ["a"], "seal": True}, 1),
        ({"expectedItems": 1_000_000}, 16),
    ],
)
def test_lanes_follow_what_is_known_of_the_number_of_items(caller, fields, lanes):
    job_id = caller.new_job(**fields)

    assert caller.get(f"/jobs/{job_id}").json["lanes"] == lanes


def test_a_job_is_created_with_its_items_and_sealed_in_one_request(caller):
    reply = caller.post("/jobs", {"name": "n", "items": ["a", "b", "a"], "seal": True})

    assert reply.json["registration"] == {
        "registered": 2,
        "alreadyExisted": 1,
        "rejected": 0,
        "rejections": [],
    }
    assert reply.json["sealed"] is True
    assert reply.json["pending"] == 2


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"items": ["a"]},
        {"lanes": 3, "expectedItems": 9},
        {"items": ["a", {"itemId": "b", "payload": {"\u00e9": 1e30}}, "a"], "tags": ["x"]},
        {"deadlineSeconds": 60, "policy": {"toleratedFailures": 0}, "metadata": {"a": None}},
    ],
)
def test_the_answer_is_the_same_whether_one_transaction_creates_the_job_or_several(
    more, monkeypatch
):
    body = {"name": "n", "items": ["a", "b", "c"], "seal": True, **more}
    first, second = make_world().caller(), make_world().caller()

    at_once = first.post("/jobs", body)
    monkeypatch.setattr(create_job, "create_sealed", lambda *_: None)
    in_steps = second.post("/jobs", body)

    path = f"/jobs/{at_once.json['jobId']}"
    assert (at_once.status, at_once.headers) == (in_steps.status, in_steps.headers)
    assert at_once.text == in_steps.text
    assert first.get(path).text == second.get(path).text
    assert first.get(f"{path}/items").text == second.get(f"{path}/items").text


def test_a_sealed_job_without_items_is_complete_at_once(caller):
    reply = caller.post("/jobs", {"name": "n", "seal": True})

    assert reply.json["status"] == "COMPLETED"
    assert reply.json["isComplete"] is True
    assert reply.json["progress"] == 1.0


def test_a_job_with_items_that_is_not_sealed_shows_them(caller):
    reply = caller.post("/jobs", {"name": "n", "items": ["a"]})

    assert reply.json["total"] == 1
    assert reply.json["sealed"] is False


def test_the_status_measures_progress_rate_and_the_time_that_is_left(caller, clock):
    job_id = caller.new_job(items=["a", "b", "c", "d"], seal=True)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    clock.pass_seconds(10)

    job = caller.get(f"/jobs/{job_id}").json

    assert job["progress"] == 0.25
    assert job["itemsPerSecond"] == 0.1
    assert job["etaSeconds"] == 30


def test_nobody_knows_the_time_that_is_left_while_items_may_be_added(caller, clock):
    job_id = caller.new_job(items=["a", "b"])
    caller.post(f"/jobs/{job_id}/items/a/complete")
    clock.pass_seconds(1)

    job = caller.get(f"/jobs/{job_id}").json

    assert job["itemsPerSecond"] == 1.0
    assert job["etaSeconds"] is None


def test_a_finished_job_has_its_average_rate_and_no_time_left(caller, clock):
    job_id = caller.new_job(items=["a", "b"])
    clock.pass_seconds(4)
    for item in "ab":
        caller.post(f"/jobs/{job_id}/items/{item}/complete")
    caller.post(f"/jobs/{job_id}/seal")
    clock.pass_seconds(100)

    job = caller.get(f"/jobs/{job_id}").json

    assert job["status"] == "COMPLETED"
    assert job["itemsPerSecond"] == 0.5
    assert job["etaSeconds"] == 0


def test_a_reopened_job_is_measured_from_its_reopening(caller, clock):
    job_id = caller.new_job(items=["a"], seal=True)
    caller.post(f"/jobs/{job_id}/items/a/complete")
    caller.post(f"/jobs/{job_id}/seal")
    clock.pass_seconds(100)
    caller.post(f"/jobs/{job_id}/reopen")
    caller.post(f"/jobs/{job_id}/items:register", {"items": ["b"], "seal": True})
    caller.post(f"/jobs/{job_id}/items/b/complete")
    clock.pass_seconds(2)

    assert caller.get(f"/jobs/{job_id}").json["itemsPerSecond"] == 0.5
    caller.post(f"/jobs/{job_id}/seal")
    finished = caller.get(f"/jobs/{job_id}").json
    assert (finished["epoch"], finished["status"]) == (2, "COMPLETED")
    assert finished["itemsPerSecond"] is None


def test_an_expected_item_counts_as_not_yet_done(caller):
    job_id = caller.new_job(expectedItems=4)
    caller.post(f"/jobs/{job_id}/items/a/complete")

    assert caller.get(f"/jobs/{job_id}").json["progress"] == 0.25


def test_reading_a_status_is_one_read_whatever_the_number_of_items(caller, world):
    job_id = caller.new_job(items=[f"i{number}" for number in range(300)])
    reads = []
    load = world.store.load_job
    world.store.load_job = lambda job_id: reads.append(job_id) or load(job_id)

    caller.get(f"/jobs/{job_id}")

    assert reads == [job_id]


@pytest.mark.parametrize("change", ["seal", "cancel", "reopen"])
def test_asking_again_changes_nothing(caller, change):
    job_id = caller.new_job(items=["a"])
    if change == "reopen":
        caller.post(f"/jobs/{job_id}/cancel")

    first = caller.post(f"/jobs/{job_id}/{change}")
    again = caller.post(f"/jobs/{job_id}/{change}")

    assert (first.status, first.json["outcome"]) == (200, "applied")
    assert (again.status, again.json["outcome"]) == (200, "duplicate")
    assert again.json["job"] == first.json["job"]


@pytest.mark.parametrize("sealed", [False, True])
def test_a_canceled_job_is_sealed_only_if_somebody_sealed_it(caller, sealed):
    job_id = caller.new_job(items=["a"], seal=sealed)

    canceled = caller.post(f"/jobs/{job_id}/cancel").json["job"]

    assert canceled["sealed"] is sealed
    assert (canceled["sealedAt"] is not None) is sealed


def test_a_job_that_runs_again_for_one_item_takes_no_others_and_says_so(caller, world):
    job_id = caller.new_job(items=["a"], policy={"toleratedFailures": 0})
    caller.post(f"/jobs/{job_id}/items/a/fail")
    JobAdvancer(world.store, LaneWriter(world.store, world.runtime), world.runtime).advance(job_id)

    failed = caller.get(f"/jobs/{job_id}").json
    caller.post(f"/jobs/{job_id}/items/a/retry")
    again = caller.get(f"/jobs/{job_id}").json

    assert (failed["status"], failed["sealed"]) == ("FAILED", False)
    assert (again["status"], again["sealed"], again["sealedAt"]) == ("RUNNING", True, None)


def test_a_completed_job_cannot_be_canceled(caller):
    job_id = caller.new_job(seal=True)

    reply = caller.post(f"/jobs/{job_id}/cancel")

    assert (reply.status, reply.json["code"]) == (409, "job_finished")


@pytest.mark.parametrize("job_id", ["nonsense", "01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-8"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "/seal"),
        ("POST", "/cancel"),
        ("POST", "/reopen"),
        ("GET", "/items"),
        ("GET", "/items/a"),
        ("POST", "/items/a/claim"),
        ("GET", "/events"),
        ("GET", "/why"),
    ],
)
def test_an_unknown_job_is_not_found(caller, job_id, method, path):
    reply = caller.send(caller.event(method, f"/jobs/{job_id}{path}"))

    assert (reply.status, reply.json["code"]) == (404, "unknown_job")


@pytest.mark.parametrize("job_id", ["nonsense", "01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-8"])
def test_items_of_an_unknown_job_are_not_registered(caller, job_id):
    reply = caller.post(f"/jobs/{job_id}/items:register", {"items": ["a"]})

    assert (reply.status, reply.json["code"]) == (404, "unknown_job")
