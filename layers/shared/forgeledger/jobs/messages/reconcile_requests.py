"""What the relay can be asked for directly: reconcile one job, or all open ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forgeledger.jobs.model.reconciliation import Reconciled

FORM = (
    'expected {"reconcile": {"jobId": "...", "recount": false, "fromLane": 0}}'
    ' or {"reconcile": {"running": true, "recount": false, "after": "..."}}'
    ' or {"reconcile": {"scheduled": true}}'
)


class WrongRequest(ValueError):
    """Neither a stream's batch nor a request to reconcile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileRequest:
    # None: all open jobs.
    job_id: str | None
    recount: bool = False
    from_lane: int = 0
    after: str | None = None
    # A round over all open jobs, from where the latest was cut short; it also keeps rows.
    scheduled: bool = False


def read_request(event: Mapping[str, Any]) -> ReconcileRequest:
    asked = event.get("reconcile")
    if not isinstance(asked, dict):
        raise WrongRequest(FORM)
    if asked == {"scheduled": True}:
        return ReconcileRequest(job_id=None, scheduled=True)
    job_id, running, after = asked.get("jobId"), asked.get("running"), asked.get("after")
    recount, from_lane = asked.get("recount", False), asked.get("fromLane", 0)
    one_job = isinstance(job_id, str) and running is None and after is None
    all_jobs = running is True and job_id is None and from_lane == 0
    fits = isinstance(recount, bool) and type(from_lane) is int and from_lane >= 0
    if not fits or not (one_job or all_jobs) or not isinstance(after, str | None):
        raise WrongRequest(FORM)
    return ReconcileRequest(job_id=job_id, recount=recount, from_lane=from_lane, after=after)


def report(done: Sequence[Reconciled], after: str | None) -> dict[str, Any]:
    """The answer; with `after` or `nextLane` in it, the same request goes on from there."""
    answer: dict[str, Any] = {"jobs": [_told(each) for each in done]}
    return {**answer, "after": after} if after is not None else answer


def measured(done: Sequence[Reconciled]) -> dict[str, int]:
    """What the operator's metrics say of it."""
    return {
        "ReconcileFailures": sum(one.error is not None for one in done),
        "HeadDrift": sum(len(one.drifted_lanes) + len(one.busy_lanes) for one in done),
        "EventsTold": sum(one.told for one in done),
        "KeptLate": sum(one.kept_late for one in done),
    }


def _told(one: Reconciled) -> dict[str, Any]:
    if one.error is not None:
        return {"jobId": one.job_id, "error": one.error}
    told: dict[str, Any] = {
        "jobId": one.job_id,
        "status": one.status,
        "driftedLanes": list(one.drifted_lanes),
        "busyLanes": list(one.busy_lanes),
        "eventsTold": one.told,
    }
    return {**told, "nextLane": one.next_lane} if one.next_lane is not None else told
