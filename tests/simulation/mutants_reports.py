"""Mutants of a job's report."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from forgeledger.execution.http import report_bodies
from forgeledger.execution.model import forgerun_report, report
from forgeledger.execution.model.report import EpochReport, JobReport
from forgeledger.execution.usecases import read_report
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.job_outcomes import JobOutcome
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts
from tests.simulation import report_checks
from tests.simulation.mutant import Mutants

REPORTS = Mutants()


def _by_status(failures: JobOutcome) -> Any:
    def outcome_of(job: Job) -> JobOutcome | None:
        ends = {
            JobStatus.COMPLETED: JobOutcome.SUCCESS,
            JobStatus.COMPLETED_WITH_FAILURES: failures,
            JobStatus.FAILED: JobOutcome.FAILED,
            JobStatus.CANCELED: JobOutcome.CANCELED,
        }
        return ends.get(job.status)

    return patch.object(report, "outcome_of", outcome_of)


@REPORTS.named("a report calls the failure of the only item a success")
def single_failure_is_a_success() -> Iterator[None]:
    with _by_status(JobOutcome.SUCCESS):
        yield


@REPORTS.named("a report calls tolerated failures a failure")
def tolerated_failure_is_a_failure() -> Iterator[None]:
    with _by_status(JobOutcome.FAILED):
        yield


@REPORTS.named("a report is final before the end")
def final_before_the_end() -> Iterator[None]:
    original = report_bodies.report_body

    def report_body(of: JobReport) -> Any:
        body = original(of)
        return body.model_copy(update={"final": body.final or of.job.ending is not None})

    with (
        patch.object(report_checks, "report_body", report_body),
        patch.object(report_bodies, "report_body", report_body),
    ):
        yield


@REPORTS.named("a report counts the first lane alone")
def first_lane_alone() -> Iterator[None]:
    original = report.report_of

    def report_of(job: Job, heads: Any, facts: Any) -> JobReport:
        return original(job, heads[:1], facts)

    with patch.object(read_report, "report_of", report_of):
        yield


@REPORTS.named("a report has the latest facts alone")
def latest_facts_alone() -> Iterator[None]:
    with patch.object(read_report, "MOST_FACTS", 3):
        yield


@REPORTS.named("a report has no counts of earlier epochs")
def earlier_counts_lost() -> Iterator[None]:
    original = report._earlier

    def earlier(*arguments: Any, **named: Any) -> EpochReport:
        return replace(original(*arguments, **named), counts=Counts())

    with patch.object(report, "_earlier", earlier):
        yield


@REPORTS.named("a report has the last verdict's counts of a job that runs again")
def stale_counts() -> Iterator[None]:
    original = report._latest

    def latest(job: Job, heads: Any) -> EpochReport:
        return replace(original(job, heads), counts=job.counts_at_verdict)

    with patch.object(report, "_latest", latest):
        yield


@REPORTS.named("in ForgeRun's shape a worker without a claim has not started")
def not_started() -> Iterator[None]:
    with patch.object(forgerun_report, "_started", lambda _: ()):
        yield


@REPORTS.named("in ForgeRun's shape a takeover has no event")
def takeover_without_event() -> Iterator[None]:
    original = forgerun_report._states_after

    def states_after(job: Job, state: Any, event: Any) -> Any:
        if event.kind is EventKind.CLAIMED:
            return forgerun_report._START
        return original(job, state, event)

    with patch.object(forgerun_report, "_states_after", states_after):
        yield
