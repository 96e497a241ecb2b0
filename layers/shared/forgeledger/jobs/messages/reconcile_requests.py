"""What the relay can be asked for directly, and the answer."""

from collections.abc import Iterator, Mapping
from typing import Any

from forgeledger.jobs.model.reconciliation import (
    MaintenanceReport,
    MaintenanceRequest,
    Reconciled,
    ReconcileJob,
    ReconcileOpenJobs,
    RunRound,
)

FORM = (
    'expected {"reconcile": {"jobId": "...", "recount": false, "fromLane": 0}}'
    ' or {"reconcile": {"running": true, "recount": false, "after": "..."}}'
    ' or {"reconcile": {"scheduled": true}}'
)


class WrongRequest(ValueError):
    """Neither a stream's batch nor a request to reconcile."""


def read_request(event: Mapping[str, Any]) -> MaintenanceRequest:
    asked = event.get("reconcile")
    if asked == {"scheduled": True}:
        return RunRound()
    if not isinstance(asked, dict):
        raise WrongRequest(FORM)
    job_id, running, after = asked.get("jobId"), asked.get("running"), asked.get("after")
    recount, from_lane = asked.get("recount", False), asked.get("fromLane", 0)
    if isinstance(recount, bool) and type(from_lane) is int and from_lane >= 0:
        if isinstance(job_id, str) and running is None and after is None:
            return ReconcileJob(job_id=job_id, recount=recount, from_lane=from_lane)
        all_jobs = running is True and job_id is None and from_lane == 0
        if all_jobs and isinstance(after, str | None):
            return ReconcileOpenJobs(recount=recount, after=after)
    raise WrongRequest(FORM)


def report_body(report: MaintenanceReport) -> dict[str, Any]:
    """The answer; with `after` or `nextLane` in it, the same request continues from there."""
    answer: dict[str, Any] = {"jobs": [_job_body(job) for job in report.jobs]}
    return answer if report.after is None else {**answer, "after": report.after}


def measurements(report: MaintenanceReport) -> Iterator[tuple[str, int]]:
    """The metrics of it, each a count."""
    jobs = report.jobs
    yield "ReconcileFailures", sum(job.error is not None for job in jobs)
    yield "HeadDrift", sum(len(job.drifted_lanes) + len(job.busy_lanes) for job in jobs)
    yield "EventsPublished", sum(job.events_published for job in jobs)
    yield "RetentionLate", sum(job.retention_late for job in jobs)
    if report.round_complete is not None:
        # Also a round that found nothing to do reports that it took place.
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
