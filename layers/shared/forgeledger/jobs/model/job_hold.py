"""Jobs that are held, scheduled or paused: their start, their pauses, and when a clock is due."""

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.facts import FactKind
from forgeledger.jobs.model.job_step import Step, step_to
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts


def start(job: Job, counts: Counts, now: int, client_id: str | None = None) -> Step:
    """Run a scheduled job; no change if it runs already, or ends."""
    if not job.scheduled or job.ending is not None:
        return Step(job=job)
    started = replace(
        _released(job, client_id), status=JobStatus.RUNNING, started_at=now, opened_at=now
    )
    return step_to(started, FactKind.STARTED, now, counts, client_id=client_id)


def pause(
    job: Job, counts: Counts, now: int, until: int | None = None, client_id: str | None = None
) -> Step:
    """Grant no claims, until a time if one is given; only a job that runs can be paused."""
    if job.status is not JobStatus.RUNNING or job.ending is not None:
        return Step(job=job)
    if job.paused:
        if until == job.paused_until:
            return Step(job=job)
        # Its lanes are held already, or follow the gate that holds them.
        paused = replace(job, paused_until=until)
    else:
        paused = replace(
            job, held=True, paused_until=until, gate=job.gate + 1, gate_client_id=client_id
        )
    return step_to(paused, FactKind.PAUSED, now, counts, client_id=client_id)


def end_pause(job: Job, counts: Counts, now: int, client_id: str | None = None) -> Step:
    """Grant claims again; no change if the job is not paused."""
    if not job.paused:
        return Step(job=job)
    return step_to(_released(job, client_id), FactKind.RESUMED, now, counts, client_id=client_id)


def due_release(job: Job, counts: Counts, now: int) -> Step | None:
    """The start or the end of a pause whose time has come; None if none has."""
    if job.scheduled and job.spec.execute_at is not None and now >= job.spec.execute_at:
        return start(job, counts, now)
    if job.paused_until is not None and now >= job.paused_until:
        return end_pause(job, counts, now)
    return None


def job_wake_at(job: Job) -> int | None:
    """At which time the job takes a step by its header alone; None if at none."""
    if job.finished or job.ending is not None:
        return None
    times = (job.spec.execute_at if job.scheduled else None, job.paused_until, job.deadline_at)
    return min((time for time in times if time is not None), default=None)


def _released(job: Job, client_id: str | None) -> Job:
    return replace(job, held=False, paused_until=None, gate=job.gate + 1, gate_client_id=client_id)
