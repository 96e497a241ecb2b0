"""Wait for a job; read its items, its journal and why it is not done."""

from datetime import UTC, datetime

import pytest

from forgeledger.sdk.errors import ApiError, WaitTimeoutError
from forgeledger.sdk.records import FailureCount, FoundItems
from tests.support.api_bodies import item_body, job_body
from tests.support.builders import JOB_ID

AT = "2026-11-21T10:00:00.000Z"


def test_waiting_ends_with_the_job(ledger, api, naps):
    api.answer(job_body()).answer(job_body()).answer(job_body(status="COMPLETED"))
    looks = []

    job = ledger.wait(JOB_ID, on_progress=looks.append)

    assert job.is_finished
    assert len(looks) == 3
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


def test_jobs_can_be_asked_for_by_a_part_of_their_name(ledger, api):
    api.answer({"jobs": [job_body()], "nextCursor": "c1"})
    api.answer({"jobs": [], "nextCursor": None})

    assert len(list(ledger.jobs(name="of nov"))) == 1

    assert api.paths == ["GET /jobs?name=of+nov", "GET /jobs?name=of+nov&cursor=c1"]


def test_items_can_be_asked_for_by_type_of_error_and_worker(ledger, api):
    api.answer({"items": [item_body()], "nextCursor": "c1"})
    api.answer({"items": [], "nextCursor": None})

    assert len(list(ledger.items(JOB_ID, error_type="Timeout", worker_id="w-1"))) == 1

    path = f"GET /jobs/{JOB_ID}/items?errorType=Timeout&workerId=w-1&limit=2000"
    assert api.paths == [path, f"{path}&cursor=c1"]


def test_an_item_comes_with_its_history(ledger, api):
    history = [
        {"type": "registered", "at": "2026-11-21T10:00:00.000Z", "offset": 0, "lane": 1},
        {"type": "completed", "at": "2026-11-21T10:00:01.000Z", "clientId": "operator"},
    ]
    api.answer(item_body("a/b", history=history, truncated=True, nextCursor="c1"))

    item = ledger.item(JOB_ID, "a/b")
    ledger.item(JOB_ID, "a/b", cursor=item.next_cursor)

    assert [event.type for event in item.history] == ["registered", "completed"]
    assert item.history[0].at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert [event.client_id for event in item.history] == [None, "operator"]
    assert api.paths == [
        f"GET /jobs/{JOB_ID}/items/a%2Fb",
        f"GET /jobs/{JOB_ID}/items/a%2Fb?cursor=c1",
    ]


def test_the_journal_is_read_to_its_end_and_its_cursor_remembered(ledger, api):
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
            "rejections": [
                {
                    "command": "complete",
                    "reason": "unknown_item",
                    "count": 3,
                    "latestItemId": "B",
                    "latestAt": "2026-11-21T10:00:00.000Z",
                }
            ],
            "laggingLanes": [1],
        }
    )

    why = ledger.why(JOB_ID)

    assert why.reasons == ("unsealed", "items_in_progress")
    assert why.expired_leases.count == 3
    assert [item.item_id for item in why.expired_leases.items] == ["b"]
    assert why.due_later == FoundItems()
    assert why.failures == (FailureCount(type="Timeout", count=2),)
    (rejected,) = why.rejections
    assert (rejected.command, rejected.reason, rejected.count) == ("complete", "unknown_item", 3)
    assert (rejected.latest_item_id, str(rejected.latest_at)) == ("B", "2026-11-21 10:00:00+00:00")
    assert why.lagging_lanes == (1,)
    # An answer of an earlier version does not say how far it looked.
    assert (why.items_scanned, why.scan_complete, why.next_cursor) == (0, True, None)


def why_part(number, *claimed, reasons=(), scanned=10, cursor=None):
    items = [item_body(name, claimedAt=at, leaseUntil=at) for name, at in claimed]
    return {
        "jobId": JOB_ID,
        "status": "RUNNING",
        "isComplete": False,
        "inProgress": number,
        "reasons": ["unsealed", *reasons, "items_pending"],
        "oldestInProgress": items,
        "expiredLeases": {"count": len(items), "items": items},
        "dueLater": {"count": 0, "items": []},
        "failures": [{"type": "Timeout", "count": number}],
        "itemsScanned": scanned,
        "itemsTotal": 100,
        "scanComplete": cursor is None,
        "nextCursor": cursor,
    }


def at_minute(number):
    return f"2026-11-21T10:{number:02}:00.000Z"


def test_a_part_of_an_explanation_says_how_far_it_looked_and_where_to_go_on(ledger, api):
    api.answer(why_part(1, cursor="c1"))
    api.answer(why_part(1))

    first = ledger.why(JOB_ID)
    second = ledger.why(JOB_ID, cursor=first.next_cursor)

    assert (first.items_scanned, first.items_total, first.scan_complete) == (10, 100, False)
    assert (second.scan_complete, second.next_cursor) == (True, None)
    assert api.paths == [f"GET /jobs/{JOB_ID}/why", f"GET /jobs/{JOB_ID}/why?cursor=c1"]


def test_a_whole_explanation_adds_up_its_parts(ledger, api):
    late = [(f"late-{number}", at_minute(20 + number)) for number in range(9)]
    api.answer(why_part(7, *late, reasons=["leases_expired"], cursor="c1"))
    api.answer(why_part(8, cursor="c2", scanned=20))
    api.answer(why_part(9, ("old", at_minute(1)), ("last", at_minute(50)), scanned=30))

    why = ledger.why(JOB_ID, whole=True)

    assert why.reasons == ("unsealed", "leases_expired", "items_pending")
    assert why.expired_leases.count == 11
    shown = [item.item_id for item in why.oldest_in_progress]
    assert shown == ["old", *(name for name, _ in late)]
    assert [item.item_id for item in why.expired_leases.items] == shown
    assert (why.items_scanned, why.scan_complete, why.next_cursor) == (60, True, None)
    # What is about the whole job is the latest.
    assert (why.in_progress, why.failures[0].count) == (9, 9)
    assert why.raw["itemsScanned"] == 60


def test_a_whole_explanation_adds_up_its_retries(ledger, api):
    parts = [
        ({"Timeout": 2, "Denied": 1}, at_minute(9)),
        ({"Denied": 4}, at_minute(3)),
        ({}, None),
    ]
    for number, (retries, due_at) in enumerate(parts):
        counts = [{"type": name, "count": count} for name, count in retries.items()]
        cursor = f"c{number}" if number < 2 else None
        api.answer(why_part(1, cursor=cursor) | {"retries": counts, "nextDueAt": due_at})

    why = ledger.why(JOB_ID, whole=True)

    assert [(failed.type, failed.count) for failed in why.retries] == [
        ("Denied", 5),
        ("Timeout", 2),
    ]
    assert why.next_due_at is not None
    assert why.next_due_at.minute == 3


def test_a_scan_that_does_not_come_on_is_given_up(ledger, api):
    for _ in range(2):
        api.answer(why_part(1, cursor="c1"))

    why = ledger.why(JOB_ID, whole=True)

    assert (why.scan_complete, why.next_cursor, why.items_scanned) == (False, "c1", 20)


def test_a_job_that_finishes_while_it_is_explained_waits_for_nothing(ledger, api):
    api.answer(why_part(1, ("a", at_minute(1)), reasons=["leases_expired"], cursor="c1"))
    api.answer(
        {"jobId": JOB_ID, "status": "COMPLETED", "isComplete": True, "reasons": ["finished"]}
    )

    why = ledger.why(JOB_ID, whole=True)

    assert (why.reasons, why.oldest_in_progress) == (("finished",), ())


def test_an_answer_without_what_every_job_has_is_no_ledgers(ledger, api):
    api.answer({"hello": "world"})

    with pytest.raises(ApiError, match="Job:") as caught:
        ledger.status(JOB_ID)

    assert caught.value.code == "not_a_ledger"


def test_a_report_is_read_into_records(ledger, api):
    counts = {"total": 1, "completed": 1}
    epoch = {"epoch": 1, "status": "COMPLETED", "openedAt": AT, "counts": counts, "durationMs": 5}
    api.answer(
        {
            "jobId": JOB_ID,
            "name": "n",
            "clientId": "operator",
            "status": "COMPLETED",
            "final": True,
            "outcome": "SUCCESS",
            "outcomeReason": None,
            "epochs": [epoch],
            "attempts": {"claims": 2, "failures": 1, "expired": 0, "released": 3},
            "time": {"queueMs": 4, "runMs": 5},
            "failuresByType": [{"type": "Broken", "count": 1}],
            "events": [{"type": "job.created", "at": AT}],
            "results": {"to": "s3"},
        }
    )

    report = ledger.report(JOB_ID)

    assert api.paths == [f"GET /jobs/{JOB_ID}/report"]
    assert (report.final, report.outcome, report.outcome_reason) == (True, "SUCCESS", None)
    assert (report.claims, report.failures, report.released) == (2, 1, 3)
    assert (report.queue_ms, report.run_ms) == (4, 5)
    (first,) = report.epochs
    assert (first.status, first.counts, first.duration_ms) == ("COMPLETED", counts, 5)
    assert first.opened_at is not None
    assert [failure.type for failure in report.failures_by_type] == ["Broken"]
    assert [event.type for event in report.events] == ["job.created"]
    assert report.raw["results"] == {"to": "s3"}


def test_a_job_is_retried(ledger, api):
    api.answer({"outcome": "applied", "job": job_body(epoch=2)})

    job = ledger.retry_job(JOB_ID)

    assert api.paths == [f"POST /jobs/{JOB_ID}/retry"]
    assert (job.epoch, job.raw["outcome"]) == (2, "applied")
