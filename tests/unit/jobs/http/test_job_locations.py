"""Where the API says that a new job is to be found."""

import pytest


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
