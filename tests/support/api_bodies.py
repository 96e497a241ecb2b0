"""What the API answers, with defaults: a test names only what it is about."""

from tests.support.builders import JOB_ID


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
        "retrying": 2,
        "isComplete": False,
        "progress": 0.5,
        "itemsPerSecond": 2.5,
        "etaSeconds": None,
        "unchangedSeconds": None,
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
