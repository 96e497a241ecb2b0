"""A retry is applied or rejected by its job's state at the moment of the commit."""

from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.jobs import Job
from tests.simulation.end_checks import DAY_MS, rows_expire_at
from tests.simulation.lane_checks import Violation


def check_retry(pk: str, event: Event, job: Job, now: int) -> None:
    reason = event.reason
    if reason == "unknown_item":
        return
    if reason == "job_key_reused":
        allowed = job.key_moved is not None
    elif "CANCELED" in (job.status, job.ending):
        allowed = reason == "job_canceled"
    elif job.ending is not None:
        # Items that did not fail are rejected as such; pending ones need no retry.
        allowed = reason != "job_canceled" and event.kind is not EventKind.RETRIED
    else:
        allowed = reason not in ("job_canceled", "job_closed")
    if job.key_moved is not None and event.kind is EventKind.RETRIED:
        allowed = False
    if reason == "retention_over":
        allowed = job.finished and rows_expire_at(job) - now <= DAY_MS
    if not allowed:
        where = f"{pk} {event.item_id}: a retry is {event.kind} for {reason}"
        raise Violation(f"{where} in a job that is {job.status}, ending {job.ending}")
