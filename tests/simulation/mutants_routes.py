"""Mutants around the routes and handlers: keys, headers, pages, bodies, logs and metrics."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from aws_lambda_powertools.metrics import Metrics

from forgeledger.jobs.http import cursors, item_bodies, journal_bodies
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.storage.job_index import JobIndex
from forgeledger.jobs.usecases import explain_job
from forgeledger.jobs.usecases.read_items import ItemPosition, ItemReader, ItemsPage
from forgeledger.jobs.usecases.read_journal import JournalPosition
from forgeledger.web import request_guard
from forgeledger.web.request_guard import RequestGuard
from tests.simulation import handlers
from tests.simulation.mutant import Mutants

ROUTES = Mutants()


@ROUTES.named("a request without a key is let through")
def no_key_needed() -> Iterator[None]:
    original = RequestGuard._check_api_key

    def check(self: RequestGuard, path: str, key: str, *rest: Any) -> None:
        if key:
            original(self, path, key, *rest)

    with patch.object(RequestGuard, "_check_api_key", check):
        yield


@ROUTES.named("of a key only the beginning is compared")
def beginnings_compared() -> Iterator[None]:
    original = RequestGuard._check_api_key

    def check(self: RequestGuard, path: str, key: str, *rest: Any) -> None:
        assert self.read_keys is not None
        known = self.read_keys(*rest).split()
        if not key or not any(name.startswith(key) for name in known):
            original(self, path, key, *rest)

    with patch.object(RequestGuard, "_check_api_key", check):
        yield


@ROUTES.named("while a key is replaced only the first one is good")
def first_key_only() -> Iterator[None]:
    original = RequestGuard._check_api_key

    def check(self: RequestGuard, *arguments: Any) -> None:
        def read_keys(*rest: Any) -> str:
            assert self.read_keys is not None
            return self.read_keys(*rest).split()[0]

        original(replace(self, read_keys=read_keys), *arguments)

    with patch.object(RequestGuard, "_check_api_key", check):
        yield


@ROUTES.named("header names are read in lower case only")
def lower_case_headers_only() -> Iterator[None]:
    from forgeledger.web import api

    original = api.normalized

    def normalized(event: Mapping[str, Any]) -> dict[str, Any]:
        lower = {name: value for name, value in event["headers"].items() if name == name.lower()}
        return original({**event, "headers": lower})

    with patch.object(api, "normalized", normalized):
        yield


@ROUTES.named("x-idempotency-key is not understood")
def one_idempotency_header() -> Iterator[None]:
    original = request_guard._unify_idempotency_key

    def unify(headers: dict[str, str]) -> None:
        headers.pop("x-idempotency-key", None)
        original(headers)

    with patch.object(request_guard, "_unify_idempotency_key", unify):
        yield


@ROUTES.named("the next page of items begins with the last item of this one")
def items_on_two_pages() -> Iterator[None]:
    original = ItemReader.page

    def page(self: ItemReader, *arguments: Any) -> ItemsPage:
        read = original(self, *arguments)
        following = read.following
        if following is None or len(read.items) < 2 or following.after is None:
            return read
        earlier = ItemPosition(lane=following.lane, after=read.items[-2].item_id)
        return replace(read, following=earlier)

    with patch.object(ItemReader, "page", page):
        yield


@ROUTES.named("a cursor of the journal does not tell how many facts were read")
def facts_read_again() -> Iterator[None]:
    original = cursors.write_journal

    def write_journal(position: JournalPosition, job_id: str) -> str:
        return original(replace(position, facts=0), job_id)

    with patch.object(cursors, "write_journal", write_journal):
        yield


@ROUTES.named("a list of jobs by status trusts the index")
def index_trusted() -> Iterator[None]:
    original = JobIndex.list_jobs

    def list_jobs(self: JobIndex, status: Any, *rest: Any, **named: Any) -> Any:
        headers = self._headers

        class Trusting(JobIndex):
            def _headers(self, job_ids: Any) -> list[JobView]:
                views = headers(job_ids)
                return [replace(view, job=replace(view.job, status=status)) for view in views]

        if status is None:
            return original(self, status, *rest, **named)
        trusting = Trusting(self._table, self._new_id, self._parallel)
        return original(trusting, status, *rest, **named)

    with patch.object(JobIndex, "list_jobs", list_jobs):
        yield


def _items_without(name: str) -> AbstractContextManager[Any]:
    original = item_bodies.item_fields
    return patch.object(item_bodies, "item_fields", lambda item: original(item) | {name: None})


@ROUTES.named("items are listed without their results")
def results_not_listed() -> Iterator[None]:
    with _items_without("result"):
        yield


@ROUTES.named("items are listed without the time of their next attempt")
def due_times_not_listed() -> Iterator[None]:
    with _items_without("due_at"):
        yield


@ROUTES.named("an event over HTTP does not say why a command was rejected")
def reasons_not_shown() -> Iterator[None]:
    original = journal_bodies.EventBody

    def event_body(**fields: Any) -> Any:
        return original(**fields | {"reason": None})

    with patch.object(journal_bodies, "EventBody", event_body):
        yield


@ROUTES.named("an explanation shows the latest items in progress, not the oldest")
def latest_in_progress() -> Iterator[None]:
    original = explain_job.Explainer.explain

    def explain(self: Any, job_id: str, *rest: Any) -> Any:
        explained = original(self, job_id, *rest)
        return replace(explained, oldest_in_progress=explained.oldest_in_progress[::-1])

    with patch.object(explain_job.Explainer, "explain", explain):
        yield


@ROUTES.named("messages that go back to the queue are not counted")
def failures_not_measured() -> Iterator[None]:
    module = handlers.function("intake")
    original = module.measurements

    def measurements(result: Any, *rest: Any) -> Iterator[Any]:
        return original(replace(result, failed=()), *rest)

    with patch.object(module, "measurements", measurements):
        yield


@ROUTES.named("requests are logged with their headers")
def headers_logged() -> Iterator[None]:
    module = handlers.function("api")
    original = module.handler

    def handler(event: dict[str, Any], context: Any) -> Any:
        module.logger.info("request received", extra={"headers": event["headers"]})
        return original(event, context)

    with patch.object(module, "handler", handler):
        yield


@ROUTES.named("a handler prints a line of its own")
def plain_lines_printed() -> Iterator[None]:
    original = Metrics.add_metric

    def add_metric(self: Metrics, name: str, *rest: Any, **more: Any) -> None:
        print(f"{name} measured")  # noqa: T201 - The defect.
        original(self, name, *rest, **more)

    with patch.object(Metrics, "add_metric", add_metric):
        yield
