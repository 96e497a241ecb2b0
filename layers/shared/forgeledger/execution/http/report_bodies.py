"""Response bodies of a job's report."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from forgeledger.execution.model.forgerun_report import ForgeRunReport, RunState
from forgeledger.execution.model.report import EpochReport, JobReport
from forgeledger.jobs.http.job_bodies import CountsBody, time_or_none
from forgeledger.jobs.http.journal_bodies import EventBody, fact_body
from forgeledger.jobs.http.why_bodies import FailureCount
from forgeledger.jobs.model.job_outcomes import JobOutcome
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.json_text import iso
from forgeledger.web.models import ResponseModel


class EpochBody(ResponseModel):
    epoch: int
    opened_at: str | None
    started_at: str | None
    sealed_at: str | None
    finished_at: str | None
    status: JobStatus
    counts: Annotated[CountsBody, Field(description="At its end, or now.")]
    duration_ms: int | None


class AttemptsBody(ResponseModel):
    claims: int
    failures: int
    expired: int
    released: int


class TimeBody(ResponseModel):
    queue_ms: Annotated[int, Field(description="From when an item could be claimed to its claim.")]
    run_ms: Annotated[int, Field(description="From each claim to what ended it.")]


class ReportBody(ResponseModel):
    job_id: str
    name: str
    client_id: str
    status: JobStatus
    final: Annotated[bool, Field(description="Whether the job is finished.")]
    outcome: JobOutcome | None
    outcome_reason: str | None
    epochs: Annotated[list[EpochBody], Field(description="Oldest first; the last is this one.")]
    attempts: Annotated[AttemptsBody, Field(description="Of all items in all epochs.")]
    time: TimeBody
    failures_by_type: Annotated[
        list[FailureCount], Field(description="Failed items, most frequent first.")
    ]
    events: Annotated[list[EventBody], Field(description="The job's facts, oldest first.")]


class RunEventBody(BaseModel):
    event_name: str
    prev_state: RunState
    next_state: RunState
    timestamp: str


class ForgeRunReportBody(BaseModel):
    """ForgeRun's report, in its own spelling."""

    job_id: str
    outcome: JobOutcome | None
    events: list[RunEventBody]
    started_at: str | None
    finished_at: str | None
    duration_ms: int | None


def report_body(report: JobReport) -> ReportBody:
    job, sums = report.job, report.sums
    return ReportBody(
        job_id=job.job_id,
        name=job.spec.name,
        client_id=job.spec.client_id,
        status=job.status,
        final=job.finished,
        outcome=report.outcome,
        outcome_reason=report.outcome_reason,
        epochs=[EpochBody(**_epoch_fields(epoch)) for epoch in report.epochs],
        attempts=AttemptsBody(**{name: sums[name] for name in AttemptsBody.model_fields}),
        time=TimeBody(**{name: sums[name] for name in TimeBody.model_fields}),
        failures_by_type=[FailureCount(type=name, count=count) for name, count in report.failures],
        events=[fact_body(job.job_id, fact) for fact in report.facts],
    )


def forgerun_body(report: ForgeRunReport) -> ForgeRunReportBody:
    return ForgeRunReportBody(
        job_id=report.job_id,
        outcome=report.outcome,
        events=[
            RunEventBody(
                event_name=event.name,
                prev_state=event.before,
                next_state=event.after,
                timestamp=iso(event.at),
            )
            for event in report.events
        ],
        started_at=time_or_none(report.started_at),
        finished_at=time_or_none(report.finished_at),
        duration_ms=report.duration_ms,
    )


def _epoch_fields(epoch: EpochReport) -> dict[str, Any]:
    return {
        "epoch": epoch.epoch,
        "opened_at": time_or_none(epoch.opened_at),
        "started_at": time_or_none(epoch.started_at),
        "sealed_at": time_or_none(epoch.sealed_at),
        "finished_at": time_or_none(epoch.finished_at),
        "status": epoch.status,
        "counts": epoch.counts,
        "duration_ms": epoch.duration_ms,
    }
