"""Response bodies of jobs and registrations."""

from typing import Annotated, Any

from pydantic import Field

from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.outcomes import OutcomeKind
from forgeledger.jobs.usecases.create_job import Created
from forgeledger.jobs.usecases.read_jobs import JobStatusView
from forgeledger.jobs.usecases.register_items import Registered
from forgeledger.json_text import from_text, iso
from forgeledger.web.models import ResponseModel

# Enough to see what went wrong; a response that is stored for replay has to stay small.
REJECTIONS_SHOWN = 50


class CountsBody(ResponseModel):
    """Always: total = pending + inProgress + completed + failed + canceled."""

    total: int
    pending: int
    in_progress: int
    completed: int
    failed: int
    canceled: int


class JobCountsBody(CountsBody):
    retrying: Annotated[
        int, Field(description="Pending and in progress items that have failed before.")
    ]


class PolicyBody(ResponseModel):
    tolerated_failures: int | None
    tolerated_failure_percent: float | None
    max_attempts: int
    lease_seconds: int
    backoff_base_seconds: float
    backoff_cap_seconds: float
    permanent_errors: list[str]
    run_seconds: int | None


class JobHeadline(ResponseModel):
    job_id: str
    name: str
    status: JobStatus
    epoch: int
    sealed: bool
    is_complete: bool


# In the response the fields of the right-hand base class come first.
class JobBody(JobCountsBody, JobHeadline):
    # The verdict that is certain while the lanes are still being closed.
    ending: JobStatus | None
    resuming: Annotated[
        bool, Field(description="Items that were canceled with the job are being resumed.")
    ]
    held: Annotated[bool, Field(description="It grants no claims: it is scheduled or paused.")]
    reason: str | None
    progress: Annotated[
        float, Field(description="Completed and failed items, 0 to 1, rounded down.")
    ]
    items_per_second: float | None
    eta_seconds: int | None
    unchanged_seconds: Annotated[
        int | None,
        Field(description="For how long no item was finished; null while items are."),
    ]
    created_at: str
    execute_at: Annotated[str | None, Field(description="When it is, or was, to start.")]
    started_at: Annotated[
        str | None, Field(description="When it started; null before, and if it never did.")
    ]
    paused_until: Annotated[
        str | None, Field(description="When its pause ends by itself; null: by a resume only.")
    ]
    opened_at: Annotated[
        str, Field(description="When this epoch began; in the first, when the job started.")
    ]
    sealed_at: str | None
    completed_at: str | None
    deadline_at: str | None
    expected_items: int | None
    auto_register: bool
    lanes: int
    policy: PolicyBody
    metadata: dict[str, Any]
    tags: list[str]
    ttl_days: int
    job_key: str | None
    job_key_moved_to: Annotated[
        str | None, Field(description="The job that the jobKey names since this one ended badly.")
    ]


class RejectedItem(ResponseModel):
    item_id: str
    reason: str


class RegistrationBody(ResponseModel):
    registered: int
    already_existed: int
    rejected: int
    rejections: Annotated[list[RejectedItem], Field(description=f"The first {REJECTIONS_SHOWN}.")]


class CreatedBody(JobBody):
    created: Annotated[bool, Field(description="False: the jobKey named the job before.")]
    registration: RegistrationBody | None


class JobsBody(ResponseModel):
    jobs: list[JobBody]
    next_cursor: str | None


class JobChangeBody(ResponseModel):
    """The response to seal, cancel, start and resume."""

    outcome: OutcomeKind
    job: JobBody


class ReopenedBody(JobChangeBody):
    """The response to reopen, which takes a body."""


class PausedBody(JobChangeBody):
    """The response to pause, which takes a body."""


def job_body(status_view: JobStatusView) -> JobBody:
    return JobBody(**_job_fields(status_view))


def created_body(created: Created, status_view: JobStatusView) -> CreatedBody:
    registered = created.registered
    registration = None if registered is None else registration_body(registered)
    fields = _job_fields(status_view)
    return CreatedBody(**fields, created=not created.existed, registration=registration)


def registration_body(registered: Registered) -> RegistrationBody:
    return RegistrationBody(
        registered=registered.registered,
        already_existed=registered.already_existed,
        rejected=len(registered.rejected),
        rejections=registered.rejected[:REJECTIONS_SHOWN],
    )


def counts_fields(counts: Counts, retrying: int) -> dict[str, int]:
    """The fields of JobCountsBody."""
    by_state = {name: getattr(counts, name) for name in CountsBody.model_fields}
    return {**by_state, "retrying": retrying}


def time_or_none(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)


def _job_fields(status_view: JobStatusView) -> dict[str, Any]:
    job, spec = status_view.job, status_view.job.spec
    pace = status_view.pace
    rate = pace.items_per_second
    return {
        "job_id": job.job_id,
        "name": spec.name,
        "status": job.status,
        "epoch": job.epoch,
        "sealed": job.was_sealed,
        "is_complete": job.finished,
        "ending": job.ending,
        "resuming": job.resume_gate > 0,
        "held": job.held,
        "reason": job.ending_reason,
        **counts_fields(status_view.counts, status_view.retrying),
        "progress": pace.share,
        "items_per_second": None if rate is None else round(rate, 3),
        "eta_seconds": pace.eta_seconds,
        "unchanged_seconds": pace.unchanged_seconds,
        "created_at": iso(spec.created_at),
        "execute_at": time_or_none(spec.execute_at),
        "started_at": time_or_none(spec.created_at if spec.execute_at is None else job.started_at),
        "paused_until": time_or_none(job.paused_until),
        "opened_at": iso(job.opened_at),
        "sealed_at": time_or_none(job.sealed_at),
        "completed_at": time_or_none(job.finished_at),
        "deadline_at": time_or_none(job.deadline_at),
        "expected_items": spec.expected_items,
        "auto_register": spec.rules.registers_on_the_way,
        "lanes": spec.lanes,
        "policy": PolicyBody(
            tolerated_failures=spec.tolerance.failures,
            tolerated_failure_percent=spec.tolerance.failure_percent,
            max_attempts=spec.rules.max_attempts,
            lease_seconds=spec.rules.lease_seconds,
            backoff_base_seconds=spec.rules.backoff_base_seconds,
            backoff_cap_seconds=spec.rules.backoff_cap_seconds,
            permanent_errors=list(spec.permanent_errors),
            run_seconds=spec.rules.run_seconds or None,
        ),
        "metadata": from_text(spec.metadata),
        "tags": list(spec.tags),
        "ttl_days": spec.rules.ttl_days,
        "job_key": spec.job_key,
        "job_key_moved_to": job.key_moved,
    }
