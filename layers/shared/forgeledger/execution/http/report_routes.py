"""Routes that say how a job went, and that run a failed one again."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from forgeledger.execution.http.report_bodies import (
    ForgeRunReportBody,
    ReportBody,
    forgerun_body,
    report_body,
)
from forgeledger.execution.model.errors import NotOneItem
from forgeledger.execution.services import ExecutionServices
from forgeledger.jobs.http.job_bodies import JobChangeBody, job_body
from forgeledger.jobs.http.parameters import JobId
from forgeledger.jobs.http.rejections import rejection
from forgeledger.jobs.usecases.read_jobs import status_view
from forgeledger.rule_messages import Rule
from forgeledger.web.error_responses import HttpError, invalid_field
from forgeledger.web.idempotency import repeat_of
from forgeledger.web.openapi import route_responses
from forgeledger.web.resolver import LedgerResolver

_JOBS = ["jobs"]
_SHAPE = "`forgerun`: a job of one item in ForgeRun's shape, from the item's history."
Shape = Annotated[Literal["forgerun"] | None, Query(alias="as", description=_SHAPE)]
_ANY_REPORT: Any = ReportBody | ForgeRunReportBody


def add_report_routes(app: LedgerResolver, services: ExecutionServices) -> None:
    @app.get(
        "/jobs/<jobId>/report",
        tags=_JOBS,
        summary="How a job went, in all of its epochs; final once it is finished",
        operation_id="getReport",
        responses=route_responses(200, _ANY_REPORT, "The report."),
    )
    def get_report(job_id: JobId, shape: Shape = None) -> Response[Any]:
        if shape is None:
            return _ok(report_body(services.reports.report(job_id)))
        try:
            report = services.reports.forgerun(job_id, app.has_time())
        except NotOneItem as error:
            raise _refusal("as", "one_item", error) from error
        return _ok(forgerun_body(report))

    @app.post(
        "/jobs/<jobId>/retry",
        tags=_JOBS,
        summary="Run a failed job of one item again: its item is retried",
        operation_id="retryJob",
        responses=route_responses(200, JobChangeBody, "The job afterwards."),
    )
    def retry_job(job_id: JobId) -> JobChangeBody:
        repeat = repeat_of(app.current_event)
        request_id = repeat.request_id if repeat else services.runtime.new_id()
        try:
            result = services.retrier.retry(job_id, request_id, app.has_time(), app.client_id)
        except NotOneItem as error:
            raise _refusal("jobId", "not_yet", error) from error
        if result.reason is not None:
            raise rejection(result.reason)
        job = job_body(status_view(result.view, services.runtime.clock()))
        return JobChangeBody(outcome=result.outcome, job=job)


def _ok(body: ReportBody | ForgeRunReportBody) -> Response[Any]:
    return Response(200, "application/json", body)


def _refusal(field: str, rule: Rule, error: NotOneItem) -> HttpError:
    message = f"is for jobs of one item; the job has {error.items}"
    if rule == "not_yet":
        message += ", whose items can be retried one by one"
    return invalid_field(field, rule, message)
