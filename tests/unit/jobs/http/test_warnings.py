"""What was ignored is answered; a near miss is refused where ignoring it would mislead most."""

import json

import pytest

from tests.support.api_callers import Context, make_world
from tests.support.builders import JOB_ID

IGNORED = "is no field of this object and is ignored"


@pytest.fixture
def job_id(caller):
    return caller.new_job(items=["a", "b"], autoRegister=True)


def warning(field, meant=None):
    hint = f"; did you mean {meant}?" if meant else ""
    return {"field": field, "rule": "unknown", "message": IGNORED + hint}


@pytest.mark.parametrize(
    ("path", "body", "warnings"),
    [
        ("/jobs", {"name": "n", "color": 1}, [warning("color")]),
        (
            "/jobs/{job}/items:register",
            {"items": ["c", {"itemId": "d", "paylod": 1, "x": 2}], "sael": True},
            [warning("items[].paylod", "payload"), warning("items[].x"), warning("sael", "seal")],
        ),
        (
            "/jobs/{job}/items/a/claim",
            {"workerId": "w", "leaseSecond": 5},
            [warning("leaseSecond", "leaseSeconds")],
        ),
        ("/jobs/{job}/items/a/complete", {"output": 1}, [warning("output")]),
        (
            "/jobs/{job}/items/a/fail",
            {"error": {"type": "E", "stack": "..."}, "eror": 1},
            [warning("eror"), warning("error.stack")],
        ),
    ],
)
def test_the_answer_names_each_ignored_field(caller, job_id, path, body, warnings):
    reply = caller.post(path.format(job=job_id), body)

    assert (reply.status // 100, reply.json["warnings"]) == (2, warnings)


def test_an_answer_to_known_fields_has_no_warnings(caller, job_id):
    created = caller.post("/jobs", {"name": "n", "planned_items": 5, "metadata": {"any": 1}})
    claimed = caller.post(f"/jobs/{job_id}/items/a/claim", {"worker_id": "w"})
    sealed = caller.post(f"/jobs/{job_id}/seal", {"force": True}, **{"idempotency-key": "k"})

    assert "warnings" not in created.json | claimed.json | sealed.json


def test_a_repeated_request_has_the_warnings_of_the_first(caller):
    body = {"name": "n", "color": 1}

    first = caller.post("/jobs", body, **{"idempotency-key": "once"})
    again = caller.post("/jobs", body, **{"idempotency-key": "once"})

    assert again.json == first.json
    assert again.json["warnings"] == [warning("color")]


def test_a_refusal_has_warnings_that_may_explain_it(caller, job_id):
    missing = caller.post(f"/jobs/{job_id}/items:register", {"itms": ["c"]})
    rejected = caller.post(f"/jobs/{job_id}/items/a/heartbeat", {"atempt": 1})

    assert (missing.status, missing.wrong) == (422, {"items": "required"})
    assert missing.json["warnings"] == [warning("itms", "items")]
    assert (rejected.status, rejected.json["code"]) == (409, "not_in_progress")
    assert rejected.json["warnings"] == [warning("atempt", "attempt")]


def test_the_warnings_of_a_request_have_bounds(caller):
    names = {f"field{number:03}" + "x" * 1_000: number for number in range(500)}

    reply = caller.post("/jobs", {"name": "n", **names})

    fields = [entry["field"] for entry in reply.json["warnings"]]
    assert [len(field) for field in fields] == [64] * 20
    assert fields[0].startswith("field000x")


def test_a_near_miss_of_a_field_of_a_job_is_refused_and_makes_no_job(caller):
    body = {"name": "n", "deadline": 60, "expected_item": 5, "ExecuteAt": "now", "color": 1}

    reply = caller.post("/jobs", body)

    assert reply.status == 422
    assert set(reply.wrong.values()) == {"misspelt"}
    assert {error["field"]: error["message"] for error in reply.json["errors"]} == {
        "deadline": "is no field of this object; did you mean deadlineSeconds?",
        "expected_item": "is no field of this object; did you mean expectedItems?",
        "ExecuteAt": "is no field of this object; did you mean executeAt?",
    }
    assert reply.json["warnings"] == [warning("color")]
    assert caller.get("/jobs").json["jobs"] == []


def test_a_near_miss_is_named_along_with_all_other_errors(caller):
    reply = caller.post("/jobs", {"nmae": "n", "lanes": 65, "policy": {"maxAtempts": 3}})

    assert reply.wrong == {
        "nmae": "misspelt",
        "name": "required",
        "lanes": "maximum",
        "policy.maxAtempts": "unknown",
    }


def test_a_name_near_to_a_field_that_is_given_is_a_foreign_one(caller):
    body = {"name": "n", "deadlineSeconds": 60, "deadline": "tomorrow", "names": ["x"]}

    reply = caller.post("/jobs", body)

    assert reply.status == 201
    assert [entry["field"] for entry in reply.json["warnings"]] == ["deadline", "names"]


def test_an_unknown_rule_of_the_policy_is_refused_once_with_the_name_that_was_meant(caller):
    reply = caller.post("/jobs", {"name": "n", "policy": {"maxAttemps": 3, "other": 1}})

    assert {(wrong["field"], wrong["message"]) for wrong in reply.json["errors"]} == {
        ("policy.maxAttemps", "is no field of this object; did you mean maxAttempts?"),
        ("policy.other", "is no field of this object"),
    }
    assert len(reply.json["errors"]) == 2


def test_more_tolerated_failures_than_a_job_can_have_items_are_refused(caller):
    reply = caller.post("/jobs", {"name": "n", "policy": {"toleratedFailures": 1_000_000_001}})

    assert (reply.status, reply.wrong) == (422, {"policy.toleratedFailures": "maximum"})


def test_a_near_miss_in_an_error_is_refused_and_changes_nothing(caller, job_id):
    error = {"type": "E", "retriable": False, "stack": "..."}

    reply = caller.post(f"/jobs/{job_id}/items/a/fail", {"error": error})

    assert (reply.status, reply.wrong) == (422, {"error.retriable": "misspelt"})
    assert caller.get(f"/jobs/{job_id}/items/a").json["state"] == "PENDING"


@pytest.mark.parametrize(
    ("command", "name"), [("complete", "reslt"), ("complete", "Result"), ("fail", "Error")]
)
def test_a_near_miss_of_what_a_command_reports_is_refused_and_changes_nothing(
    caller, job_id, command, name
):
    reply = caller.post(f"/jobs/{job_id}/items/a/{command}", {name: {"type": "E"}, "output": 1})

    assert (reply.status, reply.wrong) == (422, {name: "misspelt"})
    assert caller.get(f"/jobs/{job_id}/items/a").json["state"] == "PENDING"


def test_near_misses_of_other_fields_of_a_command_are_ignored_with_a_warning(caller, job_id):
    body = {"workrId": "w", "Error": 1, "reslt": 1, "result": 2}

    reply = caller.post(f"/jobs/{job_id}/items/a/complete", body)

    assert reply.status == 200
    assert {entry["field"] for entry in reply.json["warnings"]} == {"workrId", "Error", "reslt"}


def test_the_journal_names_what_a_command_over_http_had_in_vain(caller, job_id):
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w", "leaseSecond": 5})
    caller.post(f"/jobs/{job_id}/items/new/complete", {"output": 1})

    a = caller.get(f"/jobs/{job_id}/items/a").json["history"]
    new = caller.get(f"/jobs/{job_id}/items/new").json["history"]

    assert [event.get("ignored") for event in a] == [None, ["leaseSecond"]]
    assert [event.get("ignored") for event in new] == [None, ["output"]]


def test_a_fault_of_the_ledger_has_no_warnings():
    world = make_world()
    caller = world.caller()
    world.store.load_lane = lambda *_, **__: 1 / 0
    event = caller.event(
        "POST", f"/jobs/{JOB_ID}/items/a/claim", body={"x": 1}, headers=caller.headers
    )

    response = caller.api.answer(event, Context()).response

    assert response["statusCode"] == 500
    assert "warnings" not in json.loads(response["body"])


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        (
            "/jobs",
            {"name": "n", "expectedItems": 5, "expected_items": 5, "lanes": 65},
            {"expected_items": "spelled_twice", "lanes": "maximum"},
        ),
        (
            "/jobs",
            {"name": "n", "policy": {"maxAttempts": 3, "max_attempts": 1, "maxAtempts": 2}},
            {"policy.max_attempts": "spelled_twice", "policy.maxAtempts": "unknown"},
        ),
        (
            "/jobs/{job}/items:register",
            {"items": ["c", {"itemId": "d", "item_id": "e"}]},
            {"items[1].item_id": "spelled_twice"},
        ),
        (
            "/jobs/{job}/items/a/claim",
            {"worker_id": "v", "workerId": "w", "leaseSeconds": 5},
            {"worker_id": "spelled_twice"},
        ),
    ],
)
def test_a_field_in_both_spellings_is_refused(caller, job_id, path, body, wrong):
    reply = caller.post(path.format(job=job_id), body)

    assert (reply.status, reply.wrong) == (422, wrong)


def test_the_error_of_a_field_in_both_spellings_names_the_other(caller):
    body = {"name": "n", "policy": {"max_attempts": 3, "maxAttempts": 1}}

    [error] = caller.post("/jobs", body).json["errors"]

    assert error["message"] == (
        "is another spelling of maxAttempts, which is given as well; leave one of them out"
    )


def test_names_in_metadata_are_the_senders_own(caller):
    metadata = {"maxAttempts": 1, "max_attempts": 2}

    created = caller.post("/jobs", {"name": "n", "metadata": metadata})

    assert (created.status, created.json["metadata"]) == (201, metadata)


def test_a_rule_of_the_policy_beside_it_is_refused_with_its_right_place(caller):
    body = {"name": "n", "maxAttempts": 3, "lease_seconds": 5, "policy": {"backoffBaseSeconds": 2}}

    reply = caller.post("/jobs", body)

    assert (reply.status, set(reply.wrong.values())) == (422, {"misspelt"})
    assert {error["field"]: error["message"] for error in reply.json["errors"]} == {
        "maxAttempts": "is no field of this object; did you mean policy.maxAttempts?",
        "lease_seconds": "is no field of this object; did you mean policy.leaseSeconds?",
    }
    assert caller.get("/jobs").json["jobs"] == []


def test_a_rule_beside_a_policy_that_has_it_is_a_foreign_field(caller):
    reply = caller.post("/jobs", {"name": "n", "maxAttempts": 3, "policy": {"max_attempts": 2}})

    assert (reply.status, reply.json["warnings"]) == (201, [warning("maxAttempts")])


def test_the_errors_of_fields_in_both_spellings_have_bounds(caller, job_id):
    items = [{"itemId": "c", "item_id": "c"}] * 100_000

    reply = caller.post(f"/jobs/{job_id}/items:register", {"items": items})

    assert (reply.status, reply.wrong["items"]) == (422, "max_items")
    assert len(reply.wrong) == 1_001
