from datetime import UTC, datetime

import pytest

from forgeledger.sdk.commands import Failure
from forgeledger.sdk.errors import (
    ApiError,
    ConfigurationError,
    ConflictError,
    RegistrationStoppedError,
    WaitTimeoutError,
)
from forgeledger.sdk.ledger import Ledger
from forgeledger.sdk.records import FailureCount, FoundItems, Registration
from forgeledger.sdk.registration import RegistrationOptions
from tests.builders import JOB_ID

ONE_AT_A_TIME = RegistrationOptions(parallel=1)


def job_body(**overrides):
    body = {
        "jobId": JOB_ID,
        "name": "invoices",
        "status": "RUNNING",
        "epoch": 1,
        "sealed": False,
        "lanes": 4,
        "total": 10,
        "pending": 4,
        "inProgress": 1,
        "completed": 3,
        "failed": 2,
        "canceled": 0,
        "isComplete": False,
        "progress": 0.5,
        "itemsPerSecond": 2.5,
        "etaSeconds": None,
        "createdAt": "2026-11-21T10:00:00.000Z",
        "completedAt": None,
        "metadata": {"month": "11"},
        "tags": ["billing"],
        "somethingNew": 1,
    }
    return {**body, **overrides}


def item_body(item_id="a", **overrides):
    body = {
        "itemId": item_id,
        "state": "COMPLETED",
        "attempt": 1,
        "workerId": "w-1",
        "leaseUntil": None,
        "error": None,
        "payload": {"n": 1},
        "result": 0,
        "createdAt": "2026-11-21T10:00:00.000Z",
        "updatedAt": "2026-11-21T10:00:01.000Z",
    }
    return {**body, **overrides}


def registered(count, existed=0, rejected=0):
    return {"registered": count, "alreadyExisted": existed, "rejected": rejected}


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


def test_everything_about_a_job_can_be_given(ledger, api):
    api.answer(job_body(), 201)

    ledger.create_job(
        "n",
        expected_items=5,
        seal=True,
        auto_register=True,
        lanes=2,
        policy={"maxAttempts": 3},
        metadata={"a": 1},
        ttl_days=0,
        deadline_seconds=60,
        idempotency_key="once",
    )

    assert api.bodies == [
        {
            "name": "n",
            "expectedItems": 5,
            "seal": True,
            "autoRegister": True,
            "lanes": 2,
            "policy": {"maxAttempts": 3},
            "metadata": {"a": 1},
            "ttlDays": 0,
            "deadlineSeconds": 60,
        }
    ]
    assert api.requests[0].headers["idempotency-key"] == "once"


def test_a_job_of_many_items_gets_its_lanes_and_all_of_its_items(ledger, api):
    api.answer(job_body(), 201)
    api.answer(registered(1000)).answer(registered(1000)).answer(registered(1))
    api.answer(job_body(total=2001))

    job = ledger.create_job("n", items=[f"item-{n}" for n in range(2_001)], seal=True)

    assert job.total == 2_001
    assert api.bodies[0] == {"name": "n", "lanes": 4}
    chunks = sorted(api.bodies[1:4], key=lambda body: body["items"][-1] == "item-2000")
    assert [len(body["items"]) for body in chunks] == [1000, 1000, 1]
    assert [body.get("seal") for body in chunks] == [None, None, True]
    assert api.paths[-1] == f"GET /jobs/{JOB_ID}"


def test_items_of_unknown_number_leave_the_lanes_to_the_ledger(ledger, api):
    api.answer(job_body(), 201).answer(registered(1000)).answer(job_body())

    ledger.create_job("n", items=(f"item-{n}" for n in range(1_001)))

    assert "lanes" not in api.bodies[0]


def test_registration_sums_up_and_tells_how_far_it_is(ledger, api):
    api.answer(registered(1000)).answer(registered(900, 60, 40)).answer(registered(500))
    told = []

    total = ledger.register(
        JOB_ID,
        (f"item-{n}" for n in range(2_500)),
        options=ONE_AT_A_TIME,
        on_progress=told.append,
    )

    assert total == Registration(registered=2_400, already_existed=60, rejected=40)
    assert [each.sent for each in told] == [1_000, 2_000, 2_500]


def test_the_chunk_that_seals_goes_last(ledger, api):
    api.answer(registered(1))

    ledger.register(
        JOB_ID,
        "abcdefg",
        seal=True,
        options=RegistrationOptions(chunk_items=2, parallel=3),
    )

    assert sum(len(body["items"]) for body in api.bodies) == 7
    assert api.bodies[-1] == {"items": ["g"], "seal": True}
    assert all("seal" not in body for body in api.bodies[:-1])


def test_sealing_a_job_with_nothing_to_register_seals_it(ledger, api):
    api.answer({"outcome": "applied", "job": job_body()})

    assert ledger.register(JOB_ID, [], seal=True) == Registration()
    assert api.paths == [f"POST /jobs/{JOB_ID}/seal"]


def test_nothing_to_register_is_no_request(ledger, api):
    assert ledger.register(JOB_ID, iter(())) == Registration()
    assert api.requests == []


def test_a_registration_that_stops_says_how_far_it_came(ledger, api):
    api.answer(registered(2)).problem(404, "job_not_found")

    with pytest.raises(RegistrationStoppedError) as caught:
        ledger.register(JOB_ID, "abcdef", options=RegistrationOptions(chunk_items=2, parallel=1))

    assert caught.value.registration == Registration(registered=2)
    assert isinstance(caught.value.__cause__, ApiError)
    assert str(caught.value).startswith("registration stopped after 2 items were answered: 404 ")
    assert len(api.requests) == 2


@pytest.mark.parametrize("change", ["seal", "cancel", "reopen"])
def test_a_jobs_life_is_changed(ledger, api, change):
    api.answer({"outcome": "applied", "job": job_body(sealed=True)})

    job = getattr(ledger, change)(JOB_ID)

    assert job.sealed
    assert api.paths == [f"POST /jobs/{JOB_ID}/{change}"]


def test_waiting_ends_with_the_job(ledger, api, naps):
    api.answer(job_body()).answer(job_body()).answer(job_body(status="COMPLETED"))
    told = []

    job = ledger.wait(JOB_ID, on_progress=told.append)

    assert job.is_finished
    assert len(told) == 3
    assert naps == [0.5, 0.75]


def test_waiting_too_long_is_a_typed_error_with_the_job(ledger, api):
    api.answer(job_body())

    with pytest.raises(WaitTimeoutError, match="5 of 10 items finished") as caught:
        ledger.wait(JOB_ID, timeout_seconds=0)

    assert caught.value.job.status == "RUNNING"


def test_all_pages_are_read_and_no_more(ledger, api):
    api.answer({"jobs": [job_body()], "nextCursor": "c1"})
    api.answer({"jobs": [job_body(name="second")], "nextCursor": None})

    names = [job.name for job in ledger.jobs(status="RUNNING", tag="billing")]

    assert names == ["invoices", "second"]
    assert api.paths == [
        "GET /jobs?status=RUNNING&tag=billing",
        "GET /jobs?status=RUNNING&tag=billing&cursor=c1",
    ]


def test_items_can_be_asked_for_by_state(ledger, api):
    api.answer({"items": [item_body()], "nextCursor": None})

    (item,) = ledger.items(JOB_ID, state="COMPLETED")

    assert (item.item_id, item.payload, item.result) == ("a", {"n": 1}, 0)
    assert api.paths == [f"GET /jobs/{JOB_ID}/items?state=COMPLETED&limit=2000"]


def test_an_item_comes_with_its_history(ledger, api):
    history = [
        {"type": "registered", "at": "2026-11-21T10:00:00.000Z", "offset": 0, "lane": 1},
        {"type": "completed", "at": "2026-11-21T10:00:01.000Z", "offset": 1, "lane": 1},
    ]
    api.answer(item_body("a/b", history=history, truncated=True, nextCursor="c1"))

    item = ledger.item(JOB_ID, "a/b")
    ledger.item(JOB_ID, "a/b", cursor=item.next_cursor)

    assert [event.type for event in item.history] == ["registered", "completed"]
    assert item.history[0].at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert api.paths == [
        f"GET /jobs/{JOB_ID}/items/a%2Fb",
        f"GET /jobs/{JOB_ID}/items/a%2Fb?cursor=c1",
    ]


def test_the_journal_is_read_to_its_end_and_its_cursor_kept(ledger, api):
    api.answer({"events": [{"type": "claimed"}], "nextCursor": "c1", "more": True})
    api.answer({"events": [{"type": "completed"}], "nextCursor": "c2", "more": False})

    types = [event.type for event in ledger.events(JOB_ID, cursor="c0")]
    page = ledger.events_page(JOB_ID, cursor="c2", limit=5)

    assert types == ["claimed", "completed"]
    assert page.cursor == "c2"
    assert not page.more
    assert api.paths == [
        f"GET /jobs/{JOB_ID}/events?from=c0&limit=2000",
        f"GET /jobs/{JOB_ID}/events?from=c1&limit=2000",
        f"GET /jobs/{JOB_ID}/events?from=c2&limit=5",
    ]


def test_why_a_job_is_not_done(ledger, api):
    api.answer(
        {
            "jobId": JOB_ID,
            "status": "RUNNING",
            "reasons": ["unsealed", "items_in_progress"],
            "oldestInProgress": [item_body()],
            "expiredLeases": {"count": 3, "items": [item_body("b")]},
            "dueLater": None,
            "failures": [{"type": "Timeout", "count": 2}],
            "laggingLanes": [1],
        }
    )

    why = ledger.why(JOB_ID)

    assert why.reasons == ("unsealed", "items_in_progress")
    assert why.expired_leases.count == 3
    assert [item.item_id for item in why.expired_leases.items] == ["b"]
    assert why.due_later == FoundItems()
    assert why.failures == (FailureCount(type="Timeout", count=2),)
    assert why.lagging_lanes == (1,)


def test_an_answer_without_what_every_job_has_is_no_ledgers(ledger, api):
    api.answer({"hello": "world"})

    with pytest.raises(ApiError, match="Job:") as caught:
        ledger.status(JOB_ID)

    assert caught.value.code == "not_a_ledger"


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
    ]
    assert api.bodies == [
        {"workerId": "w", "attempt": 1, "leaseSeconds": 30},
        {"attempt": 1},
        {"result": {"n": 1}},
        {"error": {"type": "ValueError", "message": "bad", "retryable": True}},
        {"attempt": 2, "error": {"type": "T", "message": "", "retryable": False}},
        {},
        {},
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


def test_without_an_api_the_missing_name_is_told(monkeypatch):
    monkeypatch.delenv("FORGELEDGER_API_URL", raising=False)

    with pytest.raises(ConfigurationError, match="FORGELEDGER_API_URL"):
        Ledger()
