"""How a job went, as the one who submitted it sees it."""

from enum import StrEnum

from forgeledger.jobs.model.jobs import Job, JobStatus


class JobOutcome(StrEnum):
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


_OF_STATUS = {
    JobStatus.COMPLETED: JobOutcome.SUCCESS,
    JobStatus.COMPLETED_WITH_FAILURES: JobOutcome.SUCCESS,
    JobStatus.FAILED: JobOutcome.FAILED,
    JobStatus.CANCELED: JobOutcome.CANCELED,
}


def outcome_of(job: Job) -> JobOutcome | None:
    """None before the end. A job of one item went as that item did; others tolerate failures."""
    counts = job.counts_at_verdict
    if job.status is JobStatus.COMPLETED_WITH_FAILURES and counts.total == 1:
        return JobOutcome.FAILED if counts.failed else JobOutcome.CANCELED
    return _OF_STATUS.get(job.status)


def ended_badly(job: Job) -> bool:
    return outcome_of(job) in (JobOutcome.FAILED, JobOutcome.CANCELED)
