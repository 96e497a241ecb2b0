"""Problem documents: stable codes, and every wrong field by name and rule."""

import json

import pytest

from forgeledger.errors import StorageBusy
from tests.support.api_callers import Context


def test_every_wrong_field_is_named_as_its_sender_spelled_it_with_the_rule_that_it_breaks(caller):
    reply = caller.post(
        "/jobs",
        {
            "name": "",
            "items": ["", {"itemId": "x" * 257}, {"payload": 1}, 7],
            "expected_items": -1,
            "lanes": 65,
            "seal": "yes",
            "policy": {"maxAttempts": 0, "toleratedFailurePercent": 101},
            "metadata": {"big": "x" * 9000},
            "tags": ["t" * 65],
            "ttlDays": 1.5,
            "deadlineSeconds": True,
        },
    )

    assert reply.status == 422
    assert reply.json["code"] == "invalid_request"
    assert reply.json["type"] == "urn:forgeledger:problem:invalid_request"
    assert reply.wrong == {
        "name": "min_length",
        "items[0].itemId": "min_length",
        "items[1].itemId": "max_length",
        "items[2].itemId": "required",
        "items[3]": "type",
        "expected_items": "minimum",
        "lanes": "maximum",
        "seal": "type",
        "policy.maxAttempts": "minimum",
        "policy.toleratedFailurePercent": "maximum",
        "metadata": "max_bytes",
        "tags[0]": "max_length",
        "ttlDays": "type",
        "deadlineSeconds": "type",
    }


def test_an_item_that_is_neither_a_name_nor_an_object_is_refused_with_what_it_may_be(caller):
    reply = caller.post("/jobs", {"name": "n", "items": ["a", 1]})

    (error,) = reply.json["errors"]
    assert error == {
        "field": "items[1]",
        "rule": "type",
        "message": "must be an itemId or an object that has one",
    }


def test_what_comes_with_a_later_version_is_refused_and_not_ignored(caller):
    reply = caller.post(
        "/jobs",
        {
            "name": "n",
            "callback_url": "https://example.com",
        },
    )

    assert reply.wrong == {"callback_url": "not_yet"}
    assert "webhooks" in reply.json["errors"][0]["message"]


def test_a_misspelled_rule_of_the_policy_is_refused_and_not_ignored(caller):
    policy = {"maxAttemps": 3, "lease_second": 5}

    reply = caller.post("/jobs", {"name": "n", "policy": policy})

    assert reply.wrong == {"policy.maxAttemps": "unknown", "policy.lease_second": "unknown"}


def test_unknown_fields_next_to_the_policy_are_ignored(caller):
    body = {"name": "n", "color": "red", "policy": {"maxAttempts": 2}}

    reply = caller.post("/jobs", body)

    assert (reply.status, reply.json["policy"]["maxAttempts"]) == (201, 2)


def test_unknown_fields_of_a_request_are_reported_once(caller):
    def ignored(path, body):
        event = caller.event("POST", path, body=body, headers=caller.headers)
        return list(caller.api.answer(event, Context()).ignored)

    job_id = caller.new_job(items=["a"], autoRegister=True)
    known = {"name": "n", "expected_items": 5, "metadata": {"any": 1}, "items": [{"item_id": "a"}]}

    assert ignored("/jobs", known) == []
    assert ignored("/jobs", {"name": "n", "color": 5}) == ["color"]
    assert ignored("/jobs", {"name": "n", "color": 5}) == []
    assert ignored(f"/jobs/{job_id}/seal", None) == []
    assert ignored(f"/jobs/{job_id}/items/a/fail", {"error": {"type": "E", "stack": 0}}) == [
        "error.stack"
    ]
    assert ignored(f"/jobs/{job_id}/items/a/claim", {"workerId": "w", "leaseSeconds": 5}) == []
    assert ignored("/jobs", {"name": "n", "workerId": "w"}) == ["workerId"]
    assert ignored(f"/jobs/{job_id}/items:register", {"items": ["b"], "attempt": 1}) == ["attempt"]
    assert ignored(f"/jobs/{job_id}/items/b/complete", {"attempt": 1, "items": []}) == ["items"]


def test_what_is_asked_for_as_null_is_not_asked_for(caller):
    reply = caller.post("/jobs", {"name": "n", "executeAt": None, "lanes": None})

    assert reply.status == 201


@pytest.mark.parametrize(
    ("verb", "body", "wrong"),
    [
        ("claim", {"attempt": 0}, {"attempt": "minimum"}),
        ("heartbeat", {"lease_seconds": 0}, {"lease_seconds": "minimum"}),
        ("claim", {"workerId": ""}, {"workerId": "min_length"}),
        ("complete", {"result": "x" * 33_000}, {"result": "max_bytes"}),
        ("complete", {"at": "yesterday"}, {"at": "datetime"}),
        ("fail", {"error": {}}, {"error.type": "required"}),
        ("fail", {"error": {"type": "T", "message": "é" * 3000}}, {"error.message": "max_bytes"}),
        ("release", {"commandId": "x" * 257}, {"commandId": "max_length"}),
        ("retry", {"attempt": "1"}, {"attempt": "type"}),
    ],
)
def test_wrong_commands_are_refused_by_field(caller, verb, body, wrong):
    job_id = caller.new_job(items=["a"])

    reply = caller.post(f"/jobs/{job_id}/items/a/{verb}", body)

    assert (reply.status, reply.wrong) == (422, wrong)


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [
        ("", {"limit": 0, "status": "DONE"}, {"limit": "minimum", "status": "enum"}),
        ("", {"limit": "many", "tag": "t" * 65}, {"limit": "type", "tag": "max_length"}),
        ("", {"limit": 101}, {"limit": "maximum"}),
        ("/{job}/items", {"limit": 2001, "state": "done"}, {"limit": "maximum", "state": "enum"}),
        ("/{job}/events", {"limit": 2001}, {"limit": "maximum"}),
        ("", {"cursor": "x"}, {"cursor": "cursor"}),
        ("/{job}/items", {"cursor": "bm9uc2Vuc2U"}, {"cursor": "cursor"}),
        ("/{job}/items/a", {"cursor": "é"}, {"cursor": "cursor"}),
        ("/{job}/events", {"from": "x" * 5000}, {"from": "cursor"}),
        ("/{job}/events", {"cursor": "garbage"}, {"cursor": "cursor"}),
        (
            "",
            {"limit": "abc", "status": "FOO", "cursor": "garbage"},
            {"limit": "type", "status": "enum", "cursor": "cursor"},
        ),
    ],
)
def test_wrong_queries_are_refused_by_parameter(caller, path, query, wrong):
    job_id = caller.new_job(items=["a"])

    reply = caller.get(f"/jobs{path.format(job=job_id)}", **query)

    assert (reply.status, reply.wrong) == (422, wrong)


def test_a_misspelled_parameter_is_refused_together_with_all_else_that_is_wrong(caller):
    job_id = caller.new_job(items=["a"])

    items = caller.get(f"/jobs/{job_id}/items", limt=10, stat="FAILED", state="done")
    job = caller.get(f"/jobs/{job_id}", State="x")

    assert items.status == 422
    assert items.wrong == {"limt": "unknown", "stat": "unknown", "state": "enum"}
    assert items.json["errors"][0] == {
        "field": "limt",
        "rule": "unknown",
        "message": "is no parameter of this route, which takes "
        "cursor, errorType, limit, state, workerId",
    }
    assert job.json["errors"][0]["message"] == "is no parameter of this route, which takes none"


def test_a_parameter_instead_of_a_body_changes_nothing_and_leaves_its_key_free(caller):
    def create(**query):
        headers = {"idempotency-key": "k"}
        return caller.send(
            caller.event("POST", "/jobs", query=query, body={"name": "n"}, headers=headers)
        )

    refused = create(seal="true", lanes=65)
    jobs = caller.get("/jobs").json["jobs"]
    created = create()

    assert (refused.status, refused.wrong) == (422, {"seal": "unknown", "lanes": "unknown"})
    assert (jobs, created.status) == ([], 201)


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/swagger"])
def test_open_routes_answer_the_same_whatever_a_probe_adds(caller, path):
    assert caller.get(path, check=1).text == caller.get(path).text


def test_an_unknown_parameter_is_not_reported_without_a_valid_key(world):
    reply = world.caller(lambda: "key").get("/jobs", limt=10)

    assert reply.status == 401


def test_item_ids_in_the_path_have_their_limits_too(caller):
    job_id = caller.new_job()

    long = caller.get(f"/jobs/{job_id}/items/{'x' * 257}")
    wide = caller.post(f"/jobs/{job_id}/items/{'🔑' * 256}/claim")

    assert long.wrong == {"itemId": "max_length"}
    assert wide.wrong == {"itemId": "max_bytes"}


def test_more_items_than_a_registration_takes_are_refused(caller):
    job_id = caller.new_job()

    many = caller.post(f"/jobs/{job_id}/items:register", {"items": ["a"] * 1001})
    none = caller.post(f"/jobs/{job_id}/items:register", {"items": []})

    assert many.wrong == {"items": "max_items"}
    assert none.wrong == {"items": "min_items"}


@pytest.mark.parametrize("path", ["/", "/job", "/jobs/", "/jobs/a/b", "/jobs/a/items/"])
def test_an_unknown_route_is_a_problem_too(caller, path):
    reply = caller.get(path)

    assert (reply.status, reply.json["code"]) == (404, "not_found")
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.route == "unknown"


@pytest.mark.parametrize("method", ["DELETE", "HEAD"])
def test_a_known_route_names_the_methods_that_it_takes(caller, method):
    reply = caller.send(caller.event(method, "/jobs"))

    assert (reply.status, reply.json["code"]) == (405, "method_not_allowed")
    assert reply.headers["Allow"] == "GET, POST"


def test_an_unknown_command_for_an_item_is_answered_with_the_existing_commands(caller):
    job_id = caller.new_job(items=["a"])

    reply = caller.post(f"/jobs/{job_id}/items/a/explode")

    assert (reply.status, reply.json["code"]) == (405, "method_not_allowed")
    assert reply.headers["Allow"] == "GET"
    assert reply.json["detail"].endswith(
        ": cancel, claim, complete, expire, fail, heartbeat, release, retry."
    )


def test_busy_storage_asks_to_come_again(caller, world):
    def busy(job_id):
        raise StorageBusy("the table", 3)

    world.store.load_job = busy

    reply = caller.get("/jobs/01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-8")

    assert (reply.status, reply.json["code"]) == (503, "storage_busy")
    assert reply.headers["Retry-After"] == "1"


def test_a_server_error_reveals_no_internals(caller, world):
    def broken(job_id):
        raise RuntimeError("secret of the table")

    world.store.load_job = broken

    reply = caller.get("/jobs/01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-8")

    assert (reply.status, reply.json["code"]) == (500, "internal_error")
    assert "secret" not in reply.text


def test_an_answer_that_breaks_our_own_contract_is_a_fault(caller, world, monkeypatch):
    monkeypatch.setattr("forgeledger.jobs.http.job_routes.job_body", lambda view: {"jobId": 1})
    job_id = caller.new_job()

    assert caller.get(f"/jobs/{job_id}").status == 500


def test_an_event_that_nobody_understands_is_a_problem(world):
    result = world.api().answer({"requestContext": {"http": {"method": "GET"}}}, None)

    assert result.route == "unknown"
    assert result.response["statusCode"] == 500
    assert json.loads(result.response["body"])["code"] == "internal_error"
