"""Routes of jobs as a whole."""

import json
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.params import Body

from forgeledger.jobs.http import cursors
from forgeledger.jobs.http.change_bodies import PauseJob, ReopenJob
from forgeledger.jobs.http.dispatch_bodies import check_dispatch
from forgeledger.jobs.http.job_bodies import (
    CreatedBody,
    JobBody,
    JobChangeBody,
    JobsBody,
    PausedBody,
    ReopenedBody,
    created_body,
    job_body,
)
from forgeledger.jobs.http.journal_bodies import JournalBody, entry_body
from forgeledger.jobs.http.parameters import (
    JOBS_PER_PAGE,
    ROWS_PER_PAGE,
    Cursor,
    From,
    FromAsCursor,
    JobId,
    JobsLimit,
    Limit,
    NameFilter,
    StatusFilter,
    TagFilter,
)
from forgeledger.jobs.http.rejections import rejection
from forgeledger.jobs.http.request_bodies import CreateJob
from forgeledger.jobs.http.time_checks import check_start, pause_end, refused_when_past
from forgeledger.jobs.http.why_bodies import WhyBody, why_body
from forgeledger.jobs.services import Services
from forgeledger.jobs.usecases.change_job import ChangeResult
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.read_jobs import status_view
from forgeledger.jobs.usecases.read_journal import JournalPosition
from forgeledger.web.error_responses import invalid_field
from forgeledger.web.idempotency import repeat_of
from forgeledger.web.openapi import route_responses
from forgeledger.web.resolver import LedgerResolver

_JOBS = ["jobs"]
# Each method of JobLifecycle that has a route, with its summary.
_CHANGES = (
    ("seal", "No more items: the job completes when those it has are finished"),
    ("start", "Run a scheduled job now"),
    ("resume", "End a pause: the job grants claims again"),
    ("cancel", "End a running job; its unfinished items are canceled, whatever their number"),
)


def add_job_routes(app: LedgerResolver, services: Services) -> None:
    @app.post(
        "/jobs",
        tags=_JOBS,
        summary="Create a job, with its first items if they are known",
        operation_id="createJob",
        status_code=201,
        responses={
            **route_responses(200, CreatedBody, "The job that the jobKey names already."),
            **route_responses(201, CreatedBody, "The new job."),
        },
    )
    def create_job(body: Annotated[CreateJob, Body()]) -> Response[CreatedBody]:
        new, repeat = _checked(services, body), repeat_of(app.current_event)
        with refused_when_past():
            created = services.creator.create(new, repeat, app.has_time(), app.client_id)
        view = status_view(created.view, services.runtime.clock())
        status = 200 if created.existed else 201
        return Response(status, "application/json", created_body(created, view))

    @app.get(
        "/jobs",
        tags=_JOBS,
        summary="Jobs, newest first, with their counts as last rolled up",
        operation_id="listJobs",
        responses=route_responses(200, JobsBody, "A page of jobs."),
    )
    def list_jobs(
        status: StatusFilter = None,
        tag: TagFilter = None,
        name: NameFilter = None,
        limit: JobsLimit = JOBS_PER_PAGE,
        cursor: Cursor = None,
    ) -> JobsBody:
        filters = (status, tag, name)
        before = cursors.read_jobs(cursor, *filters)
        jobs, after = services.jobs.page(status, tag, before, limit, name=name)
        return JobsBody(
            jobs=[job_body(job) for job in jobs], next_cursor=cursors.write_jobs(after, *filters)
        )

    @app.get(
        "/jobs/<jobId>",
        tags=_JOBS,
        summary="A job's status, with the exact counts of its lanes",
        operation_id="getJob",
        responses=route_responses(200, JobBody, "The job."),
    )
    def get_job(job_id: JobId) -> JobBody:
        return job_body(services.jobs.status(job_id))

    for change, summary in _CHANGES:
        _add_change_route(app, services, change, summary)

    @app.post(
        "/jobs/<jobId>/pause",
        tags=_JOBS,
        summary="Grant no claims until the job is resumed, or until a time",
        operation_id="pauseJob",
        responses=route_responses(200, PausedBody, "The job afterwards."),
    )
    def pause_job(job_id: JobId, body: Annotated[PauseJob | None, Body()] = None) -> PausedBody:
        until = None if body is None else pause_end(services, body)
        result = services.lifecycle.pause(job_id, app.has_time(), app.client_id, until=until)
        return PausedBody(**dict(_changed_body(services, result)))

    @app.post(
        "/jobs/<jobId>/reopen",
        tags=_JOBS,
        summary="Run a finished job again: a new epoch, unsealed; on request its canceled items",
        operation_id="reopenJob",
        responses={
            **route_responses(200, ReopenedBody, "The job afterwards."),
            **route_responses(202, ReopenedBody, "The job; more of its items are resumed soon."),
        },
    )
    def reopen_job(
        job_id: JobId, body: Annotated[ReopenJob | None, Body()] = None
    ) -> Response[ReopenedBody]:
        resume = body is not None and body.items is not None
        lifecycle, client_id = services.lifecycle, app.client_id
        result = lifecycle.reopen(job_id, app.has_time(), client_id, resume=resume)
        changed = ReopenedBody(**dict(_changed_body(services, result)))
        return Response(202 if changed.job.resuming else 200, "application/json", changed)

    @app.get(
        "/jobs/<jobId>/events",
        tags=_JOBS,
        summary="The journal: all events by time, in order within each lane",
        operation_id="listEvents",
        responses=route_responses(200, JournalBody, "A page of the journal."),
    )
    def list_events(
        job_id: JobId, since: From = None, cursor: FromAsCursor = None, limit: Limit = ROWS_PER_PAGE
    ) -> JournalBody:
        page = services.journal.page(job_id, _journal_position(job_id, since, cursor), limit)
        return JournalBody(
            events=[entry_body(job_id, entry) for entry in page.entries],
            next_cursor=cursors.write_journal(page.following, job_id),
            more=page.more,
        )

    @app.get(
        "/jobs/<jobId>/why",
        tags=_JOBS,
        summary="Why a job is not done: what it waits for, and which items hold it up",
        operation_id="explainJob",
        responses=route_responses(200, WhyBody, "What the job waits for."),
    )
    def why(job_id: JobId, cursor: Cursor = None) -> WhyBody:
        position = cursors.read_why(cursor, job_id)
        explanation = services.explainer.explain(job_id, position, app.has_time())
        return why_body(explanation, cursors.write_why(explanation.following, job_id))


def locate_created(app: LedgerResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Outside of the responses that are stored for repetitions, which have no headers."""
    response = next_middleware(app)
    if response.status_code == 201:
        body: Any = response.body
        job = json.loads(body) if isinstance(body, str) else body
        response.headers["Location"] = f"{app.base_path()}/jobs/{job['jobId']}"
    return response


def _checked(services: Services, body: CreateJob) -> NewJob:
    """The job that is asked for, if this deployment can run it."""
    if body.is_dispatched:
        check_dispatch(services, body)
    new = body.new_job()
    if new.execute_at is not None:
        check_start(services, new.execute_at)
    return new


def _add_change_route(app: LedgerResolver, services: Services, change: str, summary: str) -> None:
    @app.post(
        f"/jobs/<jobId>/{change}",
        tags=_JOBS,
        summary=summary,
        operation_id=f"{change}Job",
        responses=route_responses(200, JobChangeBody, "The job afterwards."),
    )
    def change_job(job_id: JobId) -> JobChangeBody:
        apply = getattr(services.lifecycle, change)
        return _changed_body(services, apply(job_id, app.has_time(), app.client_id))


def _changed_body(services: Services, result: ChangeResult) -> JobChangeBody:
    if result.reason is not None:
        raise rejection(result.reason)
    job = job_body(status_view(result.view, services.runtime.clock()))
    return JobChangeBody(outcome=result.outcome, job=job)


def _journal_position(job_id: str, since: str | None, cursor: str | None) -> JournalPosition:
    """Where to continue: `cursor` is another name of the parameter `from`."""
    if since is None:
        return cursors.read_journal(cursor, job_id, field="cursor")
    if cursor not in (None, since):
        raise invalid_field("cursor", "cursor", "is another name of from, which differs")
    return cursors.read_journal(since, job_id, field="from")
