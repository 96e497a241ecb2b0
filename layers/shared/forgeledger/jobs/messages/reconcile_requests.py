"""Requests for maintenance that invoke the relay directly, and the response."""

from collections.abc import Iterator, Mapping
from typing import Any

from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.reconciliation import (
    MaintenanceReport,
    MaintenanceRequest,
    Reconciled,
    ReconcileJob,
    ReconcileOpenJobs,
    RunRound,
)

_EXPECTED = (
    'expected {"reconcile": {"jobId": "...", "recount": false, "fromLane": 0}}'
    ' or {"reconcile": {"running": true, "recount": false, "after": "..."}}'
    ' or {"reconcile": {"scheduled": true}}'
)


class InvalidRequest(ValueError):
    """An event that is neither a batch of records, nor the tick, nor a request to reconcile."""


def read_request(event: Mapping[str, Any]) -> MaintenanceRequest:
    request = event.get("reconcile")
    if request == {"scheduled": True}:
        return RunRound()
    if not isinstance(request, dict):
        raise InvalidRequest(_EXPECTED)
    job_id, running, after = request.get("jobId"), request.get("running"), request.get("after")
    recount, from_lane = request.get("recount", False), request.get("fromLane", 0)
    if isinstance(recount, bool) and type(from_lane) is int and from_lane >= 0:
        if isinstance(job_id, str) and running is None and after is None:
            return ReconcileJob(job_id=job_id, recount=recount, from_lane=from_lane)
        all_jobs = running is True and job_id is None and from_lane == 0
        if all_jobs and (not after or (isinstance(after, str) and lanes_of(after))):
            return ReconcileOpenJobs(recount=recount, after=after)
    raise InvalidRequest(_EXPECTED)


def report_body(report: MaintenanceReport) -> dict[str, Any]:
    """The response; to continue, repeat the request from its `after` or `nextLane`."""
    body: dict[str, Any] = {"jobs": [_job_body(job) for job in report.jobs]}
    return body if report.after is None else {**body, "after": report.after}


def measurements(report: MaintenanceReport) -> Iterator[tuple[str, int]]:
    """Counts; how late times were found is measured in milliseconds, apart from them."""
    jobs = report.jobs
    yield "ReconcileFailures", sum(job.error is not None for job in jobs)
    yield "HeadDrift", sum(len(job.drifted_lanes) + len(job.busy_lanes) for job in jobs)
    yield "EventsPublished", sum(job.events_published for job in jobs)
    yield "RetentionLate", sum(job.retention_late for job in jobs)
    if report.round_complete is not None:
        # An alarm watches for missing rounds, so report also one without any job.
        yield "Rounds", 1
        yield "RoundsCutShort", int(not report.round_complete)


def _job_body(job: Reconciled) -> dict[str, Any]:
    if job.error is not None:
        return {"jobId": job.job_id, "error": job.error}
    body: dict[str, Any] = {
        "jobId": job.job_id,
        "status": job.status,
        "driftedLanes": list(job.drifted_lanes),
        "busyLanes": list(job.busy_lanes),
        "eventsPublished": job.events_published,
    }
    return body if job.next_lane is None else {**body, "nextLane": job.next_lane}
