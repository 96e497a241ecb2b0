"""HTTP errors for what the ledger rejects: the reason is the problem's code."""

from typing import Any

from forgeledger.jobs.model.outcomes import Reason
from forgeledger.web.error_responses import HttpError

_DETAILS = {
    Reason.UNKNOWN_ITEM: "The item is not registered, and its job does not register unknown items.",
    Reason.JOB_SEALED: "The job is sealed and takes no new items.",
    Reason.JOB_CLOSED: "The job is closed.",
    Reason.JOB_CANCELED: "The job is canceled.",
    Reason.JOB_FINISHED: "The job is finished or about to be.",
    Reason.JOB_RUNNING: "The job runs already, and was not reopened with its canceled items.",
    Reason.JOB_HELD: "The job is scheduled or paused and grants no claims.",
    Reason.JOB_SCHEDULED: "The job waits for its start, and can be started or canceled.",
    Reason.RETENTION_OVER: "Rows of the job may have expired already, so it cannot run again.",
    Reason.JOB_KEY_REUSED: "Another job has its jobKey by now, so it cannot run again.",
    Reason.LEASE_HELD: "Another worker has the item, and its lease is not over.",
    Reason.NOT_DUE: "The item waits for the time of its next attempt.",
    Reason.STALE_ATTEMPT: "A later attempt has the item.",
    Reason.UNKNOWN_ATTEMPT: "The item has no such attempt.",
    Reason.NOT_IN_PROGRESS: "No worker has the item.",
    Reason.NOT_FAILED: "The item has not failed.",
    Reason.ALREADY_COMPLETED: "The item is completed.",
    Reason.ALREADY_FAILED: "The item has failed for good.",
    Reason.ALREADY_CANCELED: "The item is canceled.",
}


def rejection(reason: Reason, **members: Any) -> HttpError:
    status = 404 if reason is Reason.UNKNOWN_ITEM else 409
    return HttpError(status, reason, _DETAILS[reason], **members)
