"""A job key names a job for good: who repeats a request gets the same job."""

import pytest

from forgeledger.jobs.model.jobs import OPERATOR
from forgeledger.jobs.storage import keys as row_keys
from forgeledger.web import request_guard

REPORT = {
    "name": "report",
    "items": ["a", {"itemId": "b", "payload": {"pages": 3, "size": "A4"}}],
    "seal": True,
    "metadata": {"team": "billing", "owner": None},
    "jobKey": "report-2026-11",
}
REUSE = {**REPORT, "jobKeyReuse": "afterFailure"}


def end(caller, job_id, *, failed=()):
    for item_id in ("a", "b"):
        verb = "fail" if item_id in failed else "complete"
        body = {"error": {"type": "Broken", "retryable": False}} if verb == "fail" else None
        assert caller.post(f"/jobs/{job_id}/items/{item_id}/{verb}", body).status == 200
    # Any change of the job takes the steps that are due.
    caller.post(f"/jobs/{job_id}/seal")
    return caller.get(f"/jobs/{job_id}").json["status"]


def canceled_job(caller, body=REPORT):
    job_id = caller.post("/jobs", body).json["jobId"]
    assert caller.post(f"/jobs/{job_id}/cancel").json["job"]["status"] == "CANCELED"
    return job_id


def jobs_of(caller):
    return [job["jobId"] for job in caller.get("/jobs").json["jobs"]]


def test_the_same_request_again_gets_the_same_job(caller):
    first = caller.post("/jobs", REPORT)
    again = caller.post("/jobs", REPORT)

    assert (first.status, first.json["created"]) == (201, True)
    assert (again.status, again.json["created"]) == (200, False)
    assert "Location" not in again.headers
    assert again.json["jobId"] == first.json["jobId"]
    assert again.json["jobKey"] == "report-2026-11"
    assert jobs_of(caller) == [first.json["jobId"]]


@pytest.mark.parametrize("failed", [(), ("a",), ("a", "b")])
def test_so_does_one_after_the_end_however_the_job_ended(caller, failed):
    job_id = caller.post("/jobs", REPORT).json["jobId"]
    status = end(caller, job_id, failed=failed)

    again = caller.post("/jobs", REPORT)

    assert (again.status, again.json["jobId"], again.json["status"]) == (200, job_id, status)
    assert again.json["registration"] is None


def test_a_canceled_job_keeps_its_key_unless_it_is_asked_for(caller):
    job_id = canceled_job(caller)

    assert caller.post("/jobs", REPORT).json["jobId"] == job_id


@pytest.mark.parametrize(
    "same",
    [
        {"job_key" if name == "jobKey" else name: value for name, value in REPORT.items()},
        dict(reversed(REPORT.items())),
        {
            **REPORT,
            "items": [{"itemId": "a"}, {"item_id": "b", "payload": {"size": "A4", "pages": 3}}],
        },
        {**REPORT, "deadlineSeconds": None},
        {**REPORT, "colour": "blue"},
        {**REPORT, "jobKeyReuse": "afterFailure"},
    ],
    ids=["snake_case", "another order", "ids as objects", "null", "an unknown field", "reuse"],
)
def test_spelling_and_order_do_not_make_another_specification(caller, same):
    job_id = caller.post("/jobs", REPORT).json["jobId"]

    again = caller.post("/jobs", same)

    assert (again.status, again.json["jobId"]) == (200, job_id)


@pytest.mark.parametrize(
    "other",
    [
        {**REPORT, "name": "another"},
        {**REPORT, "items": ["a"]},
        {**REPORT, "items": ["b", "a"]},
        {**REPORT, "metadata": {"team": "billing"}},
        {**REPORT, "ttlDays": 30},
    ],
)
def test_another_specification_is_refused_and_changes_nothing(caller, other):
    job_id = caller.post("/jobs", REPORT).json["jobId"]

    refused = caller.post("/jobs", other)

    assert (refused.status, refused.json["code"]) == (409, "job_key_reused")
    assert refused.json["jobId"] == job_id
    assert jobs_of(caller) == [job_id]


def test_a_failed_jobs_key_moves_when_asked_for_whatever_the_new_specification(caller):
    old = canceled_job(caller)

    new = caller.post("/jobs", {**REUSE, "items": ["c"], "name": "another"})

    assert (new.status, new.json["created"]) == (201, True)
    assert new.json["jobId"] != old
    assert caller.get(f"/jobs/{old}").json["jobKeyMovedTo"] == new.json["jobId"]
    assert caller.get(f"/jobs/{new.json['jobId']}").json["jobKeyMovedTo"] is None


@pytest.mark.parametrize("failed", [(), ("a",)])
def test_a_successful_jobs_key_does_not_move(caller, failed):
    """Of two items one may fail: nobody said how many are too many."""
    job_id = caller.post("/jobs", REPORT).json["jobId"]
    end(caller, job_id, failed=failed)

    assert caller.post("/jobs", REUSE).json["jobId"] == job_id
    assert caller.post("/jobs", {**REUSE, "name": "another"}).status == 409


def test_the_one_item_of_a_job_decides_whether_its_key_may_move(caller):
    single = {**REPORT, "items": ["a"]}
    old = caller.post("/jobs", single).json["jobId"]
    caller.post(f"/jobs/{old}/items/a/fail", {"error": {"type": "Broken", "retryable": False}})
    caller.post(f"/jobs/{old}/seal")
    assert caller.get(f"/jobs/{old}").json["status"] == "COMPLETED_WITH_FAILURES"

    assert caller.post("/jobs", {**single, "jobKeyReuse": "afterFailure"}).status == 201


def test_a_running_jobs_key_does_not_move(caller):
    job_id = caller.post("/jobs", REPORT).json["jobId"]

    assert caller.post("/jobs", REUSE).json["jobId"] == job_id


def test_a_job_whose_key_moved_runs_no_more(caller):
    single = {**REPORT, "items": ["a"], "policy": {"toleratedFailures": 0}}
    old = caller.post("/jobs", single).json["jobId"]
    caller.post(f"/jobs/{old}/items/a/fail", {"error": {"type": "Broken", "retryable": False}})
    caller.post(f"/jobs/{old}/seal")
    new = caller.post("/jobs", {**single, "jobKeyReuse": "afterFailure"}).json["jobId"]

    refusals = [
        caller.post(f"/jobs/{old}/reopen"),
        caller.post(f"/jobs/{old}/reopen", {"items": "resume"}),
        caller.post(f"/jobs/{old}/items/a/retry"),
    ]

    assert [reply.json["code"] for reply in refusals] == ["job_key_reused"] * 3
    assert [reply.status for reply in refusals] == [409] * 3
    assert caller.get(f"/jobs/{old}").json["status"] == "FAILED"
    assert caller.post("/jobs", single).json["jobId"] == new


def test_a_job_that_runs_again_keeps_its_key(caller):
    job_id = canceled_job(caller)
    caller.post(f"/jobs/{job_id}/reopen")

    assert caller.post("/jobs", REUSE).json["jobId"] == job_id
    assert not caller.get(f"/jobs/{job_id}").json["sealed"]


def test_what_a_cut_off_creation_left_undone_is_done_by_the_next(caller, world):
    create = world.store.create_job

    def dies(*arguments):
        create(*arguments)
        raise ConnectionError

    unsealed = {**REPORT, "seal": False, "lanes": 2}
    world.store.create_job = dies
    assert caller.post("/jobs", unsealed).status == 500
    world.store.create_job = create

    again = caller.post("/jobs", unsealed)

    assert (again.status, again.json["total"]) == (200, 2)
    assert again.json["registration"]["registered"] == 2
    assert jobs_of(caller) == [again.json["jobId"]]


def test_a_key_whose_job_has_expired_stays_taken(caller, world):
    job_id = canceled_job(caller)
    load = world.store.load_job
    world.store.load_job = lambda asked: None if asked == job_id else load(asked)

    for body in (REPORT, REUSE):
        gone = caller.post("/jobs", body)
        assert (gone.status, gone.json["code"], gone.json["jobId"]) == (410, "job_gone", job_id)


def test_an_idempotency_key_replays_its_answer_before_the_job_key_is_looked_at(caller):
    old = canceled_job(caller)
    first = caller.post("/jobs", REUSE, idempotency_key="k")
    new = first.json["jobId"]
    caller.post(f"/jobs/{new}/cancel")

    again = caller.post("/jobs", REUSE, idempotency_key="k")

    assert (again.status, again.text) == (201, first.text)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert set(jobs_of(caller)) == {old, new}


def test_a_reuse_that_was_made_is_not_made_again_by_its_idempotency_key(caller, world):
    """Its answer was not stored, its new job has failed, and others have the key by now."""
    canceled_job(caller)
    mine = caller.post("/jobs", REUSE, idempotency_key="k").json["jobId"]
    caller.post(f"/jobs/{mine}/cancel")
    theirs = caller.post("/jobs", REUSE, idempotency_key="other").json["jobId"]
    caller.post(f"/jobs/{theirs}/cancel")
    world.persistence.records.clear()

    again = caller.post("/jobs", REUSE, idempotency_key="k")

    assert (again.status, again.json["jobId"]) == (201, mine)
    assert len(jobs_of(caller)) == 3


@pytest.mark.parametrize(
    ("wrong", "rules"),
    [
        ({"jobKey": ""}, {"jobKey": "min_length"}),
        ({"jobKey": "k" * 257}, {"jobKey": "max_length"}),
        ({"jobKey": 5}, {"jobKey": "type"}),
        ({"jobKeyReuse": "afterFailure"}, {"jobKeyReuse": "job_key_required"}),
        ({"jobKey": "k", "jobKeyReuse": "always"}, {"jobKeyReuse": "enum"}),
        ({"jobKey": 5, "jobKeyReuse": "afterFailure"}, {"jobKey": "type"}),
    ],
)
def test_a_wrong_key_is_named(caller, wrong, rules):
    assert caller.post("/jobs", {"name": "n", **wrong}).wrong == rules


def test_the_longest_key_of_any_characters_is_taken(caller):
    key = "\N{PILE OF POO}" * 256
    first = caller.post("/jobs", {"name": "n", "jobKey": key})

    assert caller.post("/jobs", {"name": "n", "jobKey": key}).json["jobId"] == first.json["jobId"]
    assert len(row_keys.job_key_key(OPERATOR, key)["PK"]["S"].encode()) <= 2_048


def test_all_keys_belong_to_the_operator_as_all_requests_do(caller, world):
    job_id = caller.post("/jobs", REPORT).json["jobId"]

    assert world.store.key_holder(OPERATOR, REPORT["jobKey"]).job_id == job_id
    assert world.store.key_holder("another", REPORT["jobKey"]) is None
    assert request_guard.OPERATOR == OPERATOR


def test_a_job_without_a_key_has_none(caller):
    job = caller.get(f"/jobs/{caller.new_job()}").json

    assert (job["jobKey"], job["jobKeyMovedTo"]) == (None, None)
