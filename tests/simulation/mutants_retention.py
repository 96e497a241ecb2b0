"""Mutants of paged reads, and of the retention of rows."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.aws.dynamodb.key_ranges import prefix_end
from forgeledger.aws.dynamodb.table import Action, Page, Table
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.retention import RetentionCheckpoint
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.storage import job_index, job_writes, lane_writes, retention
from forgeledger.jobs.storage.job_index import JobIndex
from forgeledger.jobs.storage.keys import FACT_PREFIX, fact_sk
from forgeledger.jobs.usecases import explain_job, list_rejections
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.extend_retention import RetentionExtender
from forgeledger.jobs.usecases.read_items import ItemReader
from forgeledger.jobs.usecases.recount_lane import Recounter
from forgeledger.jobs.usecases.scan_lanes import LaneScanner
from forgeledger.journal.model.log_row import Renewed
from forgeledger.journal.storage.renewal import Renewal
from forgeledger.runtime import HasTime
from tests.simulation.mutant import Mutants

RETENTION = Mutants()


class _FirstPages(Table):
    """Treats the first page of a query as the complete result."""

    def _pages(
        self,
        limit: int,
        *,
        after: Row | None = None,
        forward: bool = True,
        one_page: bool = False,
        **query: Any,
    ) -> tuple[list[Row], bool]:
        start = {} if after is None else {"ExclusiveStartKey": after}
        request = {"TableName": self.name, "Limit": limit, "ScanIndexForward": forward}
        return self.client.query(**request, **query, **start)["Items"], False

    def page(self, *, after: Row | None, **query: Any) -> Page:
        return replace(super().page(after=after, **query), last=None)


def _cut(table: Table) -> Table:
    return _FirstPages(table.client, table.name, table.retrying)


def _reading_first_pages(owner: type, method: str) -> AbstractContextManager[Any]:
    """All queries of this method of a use case end with their first page."""
    original = getattr(owner, method)

    def cut(self: Any, *arguments: Any, **named: Any) -> Any:
        ports = [name for name in ("jobs", "lanes") if hasattr(self, name)]
        store = copy(getattr(self, ports[0]))
        store._table = _cut(store._table)
        return original(replace(self, **dict.fromkeys(ports, store)), *arguments, **named)

    return patch.object(owner, method, cut)


@RETENTION.named("a recount counts the first page of a lane's items")
def recounts_one_page() -> Iterator[None]:
    with _reading_first_pages(Recounter, "_read_items"):
        yield


@RETENTION.named("items are listed to the first page of a lane")
def items_of_one_page() -> Iterator[None]:
    with _reading_first_pages(ItemReader, "page"):
        yield


@RETENTION.named("why a job waits is looked for among the first page of its items")
def explained_by_one_page() -> Iterator[None]:
    with _reading_first_pages(LaneScanner, "scan"):
        yield


@RETENTION.named("an item's history does not show what canceled it")
def unseen_closing() -> Iterator[None]:
    with patch.object(ItemReader, "_with_closing", lambda _self, _head, events: events):
        yield


@RETENTION.named("rejected commands are looked for on the first page of the journal")
def rejections_of_one_page() -> Iterator[None]:
    original = explain_job.latest_rejections

    def cut(lanes: Any, *arguments: Any) -> Any:
        lanes = copy(lanes)
        lanes._table = _cut(lanes._table)
        return original(lanes, *arguments)

    with patch.object(explain_job, "latest_rejections", cut):
        yield


@RETENTION.named("what was refused before a job's end is told of after it")
def rejections_before_the_end() -> Iterator[None]:
    with patch.object(list_rejections, "_first_offset", lambda _job, _head: 0):
        yield


@RETENTION.named("what was refused after a job's end is not told")
def no_rejections_after_the_end() -> Iterator[None]:
    original = list_rejections._first_offset

    def first_offset(job: Job, head: Head) -> int:
        return head.offset if job.finished else original(job, head)

    with patch.object(list_rejections, "_first_offset", first_offset):
        yield


def _listing_first_pages(method: str) -> AbstractContextManager[Any]:
    original = getattr(JobIndex, method)

    def cut(self: JobIndex, *arguments: Any, **named: Any) -> Any:
        index = copy(self)
        index._table = _cut(self._table)
        return original(index, *arguments, **named)

    return patch.object(JobIndex, method, cut)


@RETENTION.named("a round looks at the first page of the open jobs")
def rounds_of_one_page() -> Iterator[None]:
    with _listing_first_pages("list_open"):
        yield


@RETENTION.named("jobs are listed to the first page of a status")
def jobs_of_one_page() -> Iterator[None]:
    with _listing_first_pages("list_jobs"):
        yield


def _renewing(renew: Callable[..., Renewed]) -> AbstractContextManager[Any]:
    original = Renewal.renew

    def changed(self: Renewal, *arguments: Any, **options: Any) -> Renewed:
        return renew(partial(original, **options), self, *arguments)

    return patch.object(Renewal, "renew", changed)


@RETENTION.named("of a long job only the first page of rows is renewed")
def one_page_renewed() -> Iterator[None]:
    def renew(original: Any, self: Renewal, *arguments: Any) -> Renewed:
        return original(replace(self, table=_cut(self.table)), *arguments)

    with _renewing(renew):
        yield


@RETENTION.named("the facts of a long job are not renewed")
def facts_not_renewed() -> Iterator[None]:
    def renew(original: Any, self: Renewal, pk: str, span: tuple[str, str], *rest: Any) -> Renewed:
        facts = span[0].startswith(FACT_PREFIX)
        return Renewed(after=None, error=None) if facts else original(self, pk, span, *rest)

    with _renewing(renew):
        yield


@RETENTION.named("the progress of a long job is not renewed")
def progress_not_renewed() -> Iterator[None]:
    facts = (fact_sk(0), prefix_end(FACT_PREFIX))
    with patch.object(retention, "_FACTS_TO_PROGRESS", facts):
        yield


@RETENTION.named("a job counts as renewed though some of its rows were not")
def failed_renewals_forgotten() -> Iterator[None]:
    original = RetentionCheckpoint.moved

    def moved(self: RetentionCheckpoint, lane: int, after: str | None, *, failed: bool) -> Any:
        del failed
        return original(self, lane, after, failed=False)

    with patch.object(RetentionCheckpoint, "moved", moved):
        yield


@RETENTION.named("no round renews the rows of a long job")
def nothing_renewed() -> Iterator[None]:
    with patch.object(RetentionExtender, "extend", lambda *_: None):
        yield


@RETENTION.named("the rows of a long job are renewed when they expire")
def renewed_too_late() -> Iterator[None]:
    def retention_due(job: Job) -> int:
        return job.renewed_since + job._retention_ms

    with patch.object(Job, "retention_due", property(retention_due)):
        yield


@RETENTION.named("rows are retained for hours instead of days")
def hours_for_days() -> Iterator[None]:
    def ttl_of(written_ms: int, days: int) -> int:
        return written_ms // 1_000 + days * 3_600

    with patch.object(lane_writes, "ttl_of", ttl_of):
        yield


@RETENTION.named("the head of a reopened job's lane expires as if it was finished")
def heads_expire() -> Iterator[None]:
    original = lane_writes._head_update

    def head_update(*arguments: Any) -> Action:
        update = original(*arguments)
        names = dict(update["ExpressionAttributeNames"])
        names.pop("#ttl", None)
        expression = update["UpdateExpression"].removesuffix(" REMOVE #ttl")
        return {**update, "UpdateExpression": expression, "ExpressionAttributeNames": names}

    with patch.object(lane_writes, "_head_update", head_update):
        yield


@RETENTION.named("the header of a reopened job expires as if it was finished")
def headers_expire() -> Iterator[None]:
    passing = tuple(name for name in job_writes._OPTIONAL if name != "ttl")
    original = job_writes._header_update

    def header_update(table: str, change: Any) -> Action:
        if change.job.finished:
            return original(table, change)
        with patch.object(job_writes, "_OPTIONAL", passing):
            return original(table, change)

    with patch.object(job_writes, "_header_update", header_update):
        yield


@RETENTION.named("a job can run again until its last row has expired")
def reopened_at_any_time() -> Iterator[None]:
    with patch.object(Job, "retention_over", lambda *_: False):
        yield


@RETENTION.named("the progress of a job past its retention is written anew")
def rolled_up_after_the_end() -> Iterator[None]:
    original = JobAdvancer._roll_up

    def roll_up(self: JobAdvancer, view: JobView, has_time: HasTime) -> JobView:
        with patch.object(Job, "rows_may_be_gone", lambda *_: False):
            return original(self, view, has_time)

    with patch.object(JobAdvancer, "_roll_up", roll_up):
        yield


@RETENTION.named("a round looks at one shard of the open jobs")
def rounds_of_one_shard() -> Iterator[None]:
    with patch.object(job_index, "OPEN_SHARDS", 1):
        yield


@RETENTION.named("jobs are listed from one shard of each status")
def jobs_of_one_shard() -> Iterator[None]:
    with patch.object(job_index, "status_shards", lambda status: [f"{status}#0"]):
        yield
