from datetime import UTC, datetime

import pytest

from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.errors import ConfigurationError, ConflictError, InvalidCommandError
from forgeledger.sdk.failure import Failure
from tests.support.api_bodies import item_body, job_body
from tests.support.builders import JOB_ID


def test_a_job_is_created_with_only_what_was_given(ledger, api):
    api.answer(job_body(), 201)

    job = ledger.create_job("invoices", items=["a", {"itemId": "b", "payload": 1}], tags=("x",))

    assert api.paths == ["POST /jobs"]
    assert api.bodies == [
        {"name": "invoices", "items": ["a", {"itemId": "b", "payload": 1}], "tags": ["x"]}
    ]
    assert (job.job_id, job.lanes, job.tags, job.metadata) == (
        JOB_ID,
        4,
        ("billing",),
        {"month": "11"},
    )
    assert job.created_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert job.completed_at is None
    assert job.raw["somethingNew"] == 1
    assert not job.is_finished


def test_a_job_can_have_its_items_dispatched(ledger, api):
    api.answer(job_body(), 201)
    api.answer(job_body(), 201)

    ledger.create_job("n", dispatch={})
    ledger.create_job("n", dispatch={"maxInFlight": 5})

    assert [body["dispatch"] for body in api.bodies] == [{}, {"maxInFlight": 5}]


def test_one_item_is_submitted_as_a_job_of_its_own(ledger, api):
    api.answer(job_body(), 201)

    job = ledger.submit("resize", {"pages": 3}, run_seconds=60, idempotency_key="once")

    assert (api.paths, job.job_id) == (["POST /jobs"], JOB_ID)
    assert api.bodies == [
        {
            "name": "resize",
            "work": {"kind": "resize", "payload": {"pages": 3}, "runSeconds": 60},
        }
    ]
    assert api.requests[0].headers["idempotency-key"] == "once"


def test_everything_about_a_submitted_item_can_be_given(ledger, api):
    api.answer(job_body(), 201)

    ledger.submit(
        "resize",
        name="thumbnails",
        policy={"maxAttempts": 2},
        dispatch={"maxInFlight": 1},
        job_key="report",
        job_key_reuse="afterFailure",
        execute_at=datetime(2026, 12, 1, 9, tzinfo=UTC),
    )

    assert api.bodies == [
        {
            "name": "thumbnails",
            "work": {"kind": "resize"},
            "policy": {"maxAttempts": 2},
            "dispatch": {"maxInFlight": 1},
            "jobKey": "report",
            "jobKeyReuse": "afterFailure",
            "executeAt": "2026-12-01T09:00:00+00:00",
        }
    ]


def test_everything_about_a_job_can_be_given(ledger, api):
    api.answer(job_body(), 201)

    ledger.create_job(
        "n",
        expected_items=5,
        planned_items=7,
        seal=True,
        allow_empty=True,
        auto_register=True,
        lanes=2,
        policy={"maxAttempts": 3},
        metadata={"a": 1},
        ttl_days=0,
        deadline_seconds=60,
        job_key="report",
        job_key_reuse="afterFailure",
        idempotency_key="once",
    )

    assert api.bodies == [
        {
            "name": "n",
            "expectedItems": 5,
            "plannedItems": 7,
            "seal": True,
            "autoRegister": True,
            "lanes": 2,
            "policy": {"maxAttempts": 3},
            "metadata": {"a": 1},
            "ttlDays": 0,
            "deadlineSeconds": 60,
            "jobKey": "report",
            "jobKeyReuse": "afterFailure",
        }
    ]
    assert api.requests[0].headers["idempotency-key"] == "once"


@pytest.mark.parametrize(("status", "code"), [(409, "job_key_reused"), (410, "job_gone")])
def test_a_key_of_another_job_is_a_conflict_that_names_it(ledger, api, status, code):
    api.problem(status, code, jobId=JOB_ID)

    with pytest.raises(ConflictError) as caught:
        ledger.create_job("n", job_key="k")

    assert caught.value.problem.raw["jobId"] == JOB_ID


def test_a_job_tells_its_key_and_where_that_moved(ledger, api):
    api.answer(job_body(jobKey="k", jobKeyMovedTo="other"))

    job = ledger.status(JOB_ID)

    assert (job.job_key, job.job_key_moved_to) == ("k", "other")


def test_a_failure_of_a_wrong_type_is_no_request(ledger, api):
    with pytest.raises(InvalidCommandError, match=r"error\.retryable: must be true or false"):
        ledger.commands.fail(JOB_ID, "a", Failure(type="E", retryable="no"))

    assert api.requests == []


def test_an_empty_key_is_not_taken_for_none_and_leaves_the_items_alone(ledger, api):
    items = iter(["a", "b"])

    with pytest.raises(InvalidCommandError, match="Idempotency-Key: must have 1 to 256 characters"):
        ledger.create_job("n", items=items, idempotency_key="")

    assert api.requests == []
    assert list(items) == ["a", "b"]


@pytest.mark.parametrize("change", ["seal", "cancel", "reopen", "start", "pause", "resume"])
def test_a_jobs_life_is_changed(ledger, api, change):
    api.answer({"outcome": "applied", "job": job_body(sealed=True)})

    job = getattr(ledger, change)(JOB_ID)

    assert job.sealed
    assert api.paths == [f"POST /jobs/{JOB_ID}/{change}"]


@pytest.mark.parametrize("at", ["2026-12-01T09:00:00+00:00", datetime(2026, 12, 1, 9, tzinfo=UTC)])
def test_a_job_may_start_at_a_time_and_be_paused_until_one(ledger, api, at):
    api.answer(job_body(status="SCHEDULED", held=True, executeAt="2026-12-01T09:00:00Z"), 201)
    api.answer({"outcome": "applied", "job": job_body()})

    job = ledger.create_job("n", execute_at=at)
    ledger.pause(job, until=at)

    assert api.bodies == [
        {"name": "n", "executeAt": "2026-12-01T09:00:00+00:00"},
        {"until": "2026-12-01T09:00:00+00:00"},
    ]
    assert (job.held, job.execute_at) == (True, datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert not job.is_finished


def test_a_time_without_a_zone_is_no_request(ledger, api):
    with pytest.raises(InvalidCommandError, match="execute_at: must have a time zone"):
        ledger.create_job("n", execute_at=datetime(2026, 12, 1, 9))  # noqa: DTZ001

    assert api.requests == []


def test_a_job_is_reopened_with_its_canceled_items(ledger, api):
    api.answer({"outcome": "applied", "job": job_body(resuming=True)})

    job = ledger.reopen(JOB_ID, resume=True)

    assert job.resuming
    assert api.bodies == [{"items": "resume"}]


def test_commands_are_answered_at_once(ledger, api):
    api.answer({"outcome": "applied", "item": item_body()})
    commands = ledger.commands

    claimed = commands.claim(JOB_ID, "a", worker_id="w", attempt=1, lease_seconds=30)
    commands.heartbeat(JOB_ID, "a", attempt=1)
    commands.complete(JOB_ID, "a", result={"n": 1})
    commands.fail(JOB_ID, "a", ValueError("bad"))
    commands.fail(JOB_ID, "a", Failure(type="T", retryable=False), attempt=2)
    commands.release(JOB_ID, "a")
    commands.retry(JOB_ID, "a")
    commands.expire(JOB_ID, "a", attempt=3)
    commands.cancel(JOB_ID, "a", attempt=4)

    assert claimed.item.item_id == "a"
    assert not claimed.is_rejected
    assert [path.rpartition("/")[2] for path in api.paths] == [
        "claim",
        "heartbeat",
        "complete",
        "fail",
        "fail",
        "release",
        "retry",
        "expire",
        "cancel",
    ]
    assert api.bodies == [
        {"workerId": "w", "attempt": 1, "leaseSeconds": 30},
        {"attempt": 1},
        {"result": {"n": 1}},
        {"error": {"type": "ValueError", "message": "bad", "retryable": True}},
        {"attempt": 2, "error": {"type": "T", "message": "", "retryable": False}},
        {},
        {},
        {"attempt": 3},
        {"attempt": 4},
    ]


def test_a_refused_command_is_an_answer_with_its_reason(ledger, api):
    api.problem(409, "lease_held", outcome="rejected", item=item_body(state="IN_PROGRESS"))

    answer = ledger.commands.claim(JOB_ID, "a")

    assert answer.is_rejected
    assert (answer.reason, answer.item.state) == ("lease_held", "IN_PROGRESS")


def test_an_item_that_nobody_knows_is_an_answer_too(ledger, api):
    api.problem(404, "unknown_item", outcome="rejected")

    assert ledger.commands.claim(JOB_ID, "a").reason == "unknown_item"


def test_another_conflict_is_an_error(ledger, api):
    api.problem(409, "conflict")

    with pytest.raises(ConflictError):
        ledger.commands.claim(JOB_ID, "a")


def test_without_an_api_the_missing_name_is_reported(monkeypatch):
    monkeypatch.delenv("FORGELEDGER_API_URL", raising=False)

    with pytest.raises(ConfigurationError, match="FORGELEDGER_API_URL"):
        Ledger()
