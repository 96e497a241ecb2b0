"""Idempotency-Key: a repeated request is carried out once."""

import pytest

from forgeledger.errors import StorageBusy


def test_the_same_key_and_body_give_the_first_answer_again(caller):
    first = caller.post("/jobs", {"name": "n", "tags": []}, idempotency_key="k")
    again = caller.post("/jobs", {"tags": [], "name": "n"}, idempotency_key="k")

    assert (first.status, again.status) == (201, 201)
    assert again.text == first.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(caller.get("/jobs").json["jobs"]) == 1


def test_the_other_spelling_of_the_header_is_the_same_key(caller):
    first = caller.post("/jobs", {"name": "n"}, idempotency_key="k")
    again = caller.post("/jobs", {"name": "n"}, x_idempotency_key="k")

    assert again.text == first.text


def test_two_headers_with_different_keys_are_refused(caller):
    body, other = {"name": "n"}, "x-idempotency-key"

    differing = caller.post("/jobs", body, idempotency_key="k", x_idempotency_key="other")
    same = caller.post("/jobs", body, idempotency_key="k", x_idempotency_key="k")

    assert (differing.status, differing.wrong) == (422, {other: "spelled_twice"})
    assert same.status == 201
    assert len(caller.get("/jobs").json["jobs"]) == 1


def test_the_same_key_with_another_body_is_refused(caller):
    caller.post("/jobs", {"name": "n"}, idempotency_key="k")

    reply = caller.post("/jobs", {"name": "m"}, idempotency_key="k")

    assert (reply.status, reply.json["code"]) == (422, "idempotency_key_reused")


def test_keys_of_different_routes_do_not_meet(caller):
    job_id = caller.new_job(items=["a"])

    claim = caller.post(f"/jobs/{job_id}/items/a/claim", {}, idempotency_key="k")
    complete = caller.post(f"/jobs/{job_id}/items/a/complete", {}, idempotency_key="k")

    assert claim.json["item"]["state"] == "IN_PROGRESS"
    assert complete.json["item"]["state"] == "COMPLETED"


def test_a_refusal_is_an_answer_too(caller):
    job_id = caller.new_job(items=["a"])
    path = f"/jobs/{job_id}/items/a/heartbeat"

    refused = caller.post(path, {}, idempotency_key="k")
    caller.post(f"/jobs/{job_id}/items/a/claim")
    again = caller.post(path, {}, idempotency_key="k")

    assert refused.status == 409
    assert (again.status, again.text) == (409, refused.text)
    assert again.headers["Content-Type"] == "application/problem+json"


def test_a_wrong_request_does_not_use_up_its_key(caller):
    wrong = caller.post("/jobs", {"name": ""}, idempotency_key="k")
    right = caller.post("/jobs", {"name": "n"}, idempotency_key="k")

    assert (wrong.status, right.status) == (422, 201)


def test_a_fault_does_not_use_up_its_key(caller, world):
    seal, job_id = world.store.commit_job, caller.new_job()

    def busy(change):
        raise StorageBusy("the table", 3)

    world.store.commit_job = busy
    failed = caller.post(f"/jobs/{job_id}/seal", idempotency_key="k")
    world.store.commit_job = seal
    again = caller.post(f"/jobs/{job_id}/seal", idempotency_key="k")

    assert (failed.status, again.status) == (503, 200)
    assert again.json["outcome"] == "applied"


def test_a_request_that_is_still_being_answered_is_not_begun_again(caller, world):
    answers, elsewhere = [], world.caller()
    create = world.store.create_job

    def meanwhile(*arguments):
        answers.append(elsewhere.post("/jobs", {"name": "n"}, idempotency_key="k"))
        return create(*arguments)

    world.store.create_job = meanwhile

    first = caller.post("/jobs", {"name": "n"}, idempotency_key="k")

    assert first.status == 201
    assert (answers[0].status, answers[0].json["code"]) == (409, "request_in_flight")
    assert answers[0].headers["Retry-After"] == "1"


@pytest.mark.parametrize(("key", "rule"), [("", "min_length"), ("k" * 257, "max_length")])
def test_a_key_has_its_limits(caller, key, rule):
    reply = caller.post("/jobs", {"name": "n"}, idempotency_key=key)

    assert reply.wrong == {"Idempotency-Key": rule}


def test_a_key_means_nothing_where_nothing_is_changed(caller):
    job_id = caller.new_job()
    caller.headers["idempotency-key"] = "k"
    before = caller.get(f"/jobs/{job_id}").json
    del caller.headers["idempotency-key"]
    caller.post(f"/jobs/{job_id}/seal")
    caller.headers["idempotency-key"] = "k"

    assert caller.get(f"/jobs/{job_id}").json != before


class Killed(BaseException):
    """The process is killed here."""


# A job of more items than one transaction holds is created and filled in several.
@pytest.mark.parametrize(
    ("method", "number"),
    [
        ("create_sealed_job", 3),
        ("create_job", 100),
        ("commit_lane", 100),
        ("commit_job", 100),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_a_creation_that_was_cut_off_makes_one_job_when_it_is_repeated(
    caller, world, method, number, after
):
    body = {"name": "n", "items": [f"i{n}" for n in range(number)], "seal": True}
    original = getattr(world.store, method)

    def killed(*args, **options):
        if after:
            original(*args, **options)
        raise Killed

    setattr(world.store, method, killed)
    with pytest.raises(Killed):
        caller.post("/jobs", body, idempotency_key="k")
    setattr(world.store, method, original)
    # The in-flight record expires with the deadline of the killed invocation.
    world.persistence.records.clear()
    world.clock.pass_seconds(60)

    reply = caller.post("/jobs", body, idempotency_key="k")

    jobs = caller.get("/jobs").json["jobs"]
    assert reply.status == 201
    assert [job["jobId"] for job in jobs] == [reply.json["jobId"]]
    assert reply.json["total"] == number
    assert reply.json["sealed"] is True


def test_a_cut_off_creation_repeated_with_another_body_is_refused(caller, world):
    caller.post("/jobs", {"name": "n"}, idempotency_key="k")
    world.persistence.records.clear()

    reply = caller.post("/jobs", {"name": "m"}, idempotency_key="k")

    assert (reply.status, reply.json["code"]) == (422, "idempotency_key_reused")


def test_a_repeated_creation_shows_the_job_as_it_is_by_now(caller, world):
    first = caller.post("/jobs", {"name": "n"}, idempotency_key="k").json
    caller.post(f"/jobs/{first['jobId']}/items:register", {"items": ["a"]})
    world.persistence.records.clear()

    again = caller.post("/jobs", {"name": "n"}, idempotency_key="k").json

    assert (again["jobId"], again["total"]) == (first["jobId"], 1)


def test_a_command_whose_answer_was_lost_is_a_duplicate_when_it_is_repeated(caller, world):
    job_id = caller.new_job(items=["a"])
    caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w"}, idempotency_key="k")
    world.persistence.records.clear()

    again = caller.post(f"/jobs/{job_id}/items/a/claim", {"workerId": "w"}, idempotency_key="k")

    assert (again.status, again.json["outcome"]) == (200, "duplicate")
    assert again.json["item"]["attempt"] == 1
