"""What became of jobs and their items, read over HTTP."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from forgeledger.jobs.model.limits import PAGE_ROWS
from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.api.row_pages import rows_of
from forgeledger.sdk.api.why_parts import read_whole
from forgeledger.sdk.job_report import Report
from forgeledger.sdk.json_decoder import event_of, item_of, job_of, page_of, report_of, why_of
from forgeledger.sdk.records import Event, Item, Job, JobRef, Page, Why, job_id_of

Row = TypeVar("Row")


class LedgerReads:
    _api: ApiClient

    def status(self, job: JobRef) -> Job:
        return job_of(self._api.get("jobs", job_id_of(job)))

    def jobs(
        self, *, status: str | None = None, tag: str | None = None, name: str | None = None
    ) -> Iterator[Job]:
        """All jobs, newest first; reads page by page. `name` is a part of theirs."""
        return rows_of(
            lambda cursor: self.jobs_page(status=status, tag=tag, name=name, cursor=cursor)
        )

    def jobs_page(
        self,
        *,
        status: str | None = None,
        tag: str | None = None,
        name: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Job]:
        body = self._api.get("jobs", status=status, tag=tag, name=name, limit=limit, cursor=cursor)
        return page_of(body, "jobs", job_of)

    def items(
        self,
        job: JobRef,
        *,
        state: str | None = None,
        error_type: str | None = None,
        worker_id: str | None = None,
    ) -> Iterator[Item]:
        """The items of a job, or those for which all conditions hold; reads page by page."""
        filters = {"state": state, "error_type": error_type, "worker_id": worker_id}
        return rows_of(lambda after: self.items_page(job, **filters, limit=PAGE_ROWS, cursor=after))

    def items_page(
        self,
        job: JobRef,
        *,
        state: str | None = None,
        error_type: str | None = None,
        worker_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Item]:
        filters = {"state": state, "errorType": error_type, "workerId": worker_id}
        path = ("jobs", job_id_of(job), "items")
        body = self._api.get(*path, **filters, limit=limit, cursor=cursor)
        return page_of(body, "items", item_of)

    def item(self, job: JobRef, item_id: str, *, cursor: str | None = None) -> Item:
        """One item with its history; `next_cursor` leads to the earlier part of a very long one."""
        return item_of(self._api.get("jobs", job_id_of(job), "items", item_id, cursor=cursor))

    def events(self, job: JobRef, *, cursor: str | None = None) -> Iterator[Event]:
        """The journal from its beginning or from a cursor, up to now; reads page by page."""
        return rows_of(lambda after: self.events_page(job, cursor=after, limit=PAGE_ROWS), cursor)

    def events_page(
        self, job: JobRef, *, cursor: str | None = None, limit: int | None = None
    ) -> Page[Event]:
        """A page's cursor stays valid: used later, it finds the events since then."""
        body = self._api.get("jobs", job_id_of(job), "events", **{"from": cursor}, limit=limit)
        return page_of(body, "events", event_of)

    def report(self, job: JobRef) -> Report:
        """How the job went, in all of its epochs; `final` once it is finished."""
        return report_of(self._api.get("jobs", job_id_of(job), "report"))

    def why(self, job: JobRef, *, cursor: str | None = None, whole: bool = False) -> Why:
        """Why the job is not done; `whole` goes on until all items were looked at."""

        def read(after: str | None) -> Mapping[str, Any]:
            return self._api.get("jobs", job_id_of(job), "why", cursor=after)

        return why_of(read_whole(read, cursor) if whole else read(cursor))
