"""The response body that explains why a job is not done."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from forgeledger.jobs.http.item_bodies import ItemBrief, brief_fields
from forgeledger.jobs.http.job_bodies import JobCountsBody, counts_fields, time_or_none
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.usecases.explain_job import Cause, Explanation
from forgeledger.json_text import iso
from forgeledger.web.models import ResponseModel


class FailureCount(ResponseModel):
    type: str
    count: int


class RejectionCountBody(ResponseModel):
    command: CommandKind
    reason: Annotated[Reason, Field(examples=["unknown_item"])]
    count: int
    latest_item_id: Annotated[str, Field(description="The item of the latest one.")]
    latest_at: str


class ItemsFound(ResponseModel):
    count: Annotated[int, Field(description="Among the scanned items.")]
    items: Annotated[list[ItemBrief], Field(description="The first ten by time.")]


class WhyHeadline(ResponseModel):
    job_id: str
    status: JobStatus
    is_complete: bool
    reasons: list[Cause]


class WhyBody(JobCountsBody, WhyHeadline):
    ending: JobStatus | None
    reason: Annotated[
        str | None, Field(description="Why it failed or was canceled, or is about to be.")
    ]
    expected_items: int | None
    deadline_at: str | None
    execute_at: Annotated[str | None, Field(description="When a scheduled job is to start.")]
    paused_until: Annotated[str | None, Field(description="When its pause ends by itself.")]
    lagging_lanes: list[int]
    oldest_in_progress: list[ItemBrief]
    expired_leases: ItemsFound
    due_later: ItemsFound
    next_due_at: Annotated[
        str | None, Field(description="When the first of the scanned items is due again.")
    ]
    failures: Annotated[list[FailureCount], Field(description="Failed items, by type of error.")]
    retries: Annotated[
        list[FailureCount],
        Field(
            description="Scanned items that failed before and are not finished, by the type of "
            "their latest error."
        ),
    ]
    rejections: Annotated[
        list[RejectionCountBody],
        Field(
            description="Rejected commands among the latest events, most frequent first, without "
            "already_completed and not_failed, which delay nothing. Of a finished job only those "
            "after its end, such as the commands of a worker that goes on after a cancel."
        ),
    ]
    items_scanned: Annotated[
        int,
        Field(
            description="How many items this request read. Lanes without an unfinished item need "
            "not be read."
        ),
    ]
    items_total: Annotated[int, Field(description="How many items the job has.")]
    scan_complete: Annotated[
        bool,
        Field(
            description="Whether this request came to the end of all lanes. If not, `nextCursor` "
            "goes on, and what is said of items is true of those scanned."
        ),
    ]
    next_cursor: str | None


def why_body(explanation: Explanation, next_cursor: str | None) -> WhyBody:
    job = explanation.job
    return WhyBody(
        **counts_fields(explanation.counts, explanation.retrying),
        job_id=job.job_id,
        status=job.status,
        is_complete=job.finished,
        reasons=list(explanation.causes),
        ending=job.ending,
        reason=job.ending_reason,
        expected_items=job.spec.expected_items,
        deadline_at=time_or_none(job.deadline_at),
        execute_at=time_or_none(job.spec.execute_at),
        paused_until=time_or_none(job.paused_until),
        lagging_lanes=list(explanation.lagging_lanes),
        oldest_in_progress=_briefs(explanation.oldest_in_progress),
        expired_leases=ItemsFound(
            count=explanation.expired, items=_briefs(explanation.expired_leases)
        ),
        due_later=ItemsFound(count=explanation.waiting, items=_briefs(explanation.due_later)),
        next_due_at=next((time_or_none(item.due_at) for item in explanation.due_later), None),
        failures=_counts(explanation.failures),
        retries=_counts(explanation.retries),
        rejections=[
            RejectionCountBody(
                command=rejection.command,
                reason=rejection.reason,
                count=rejection.count,
                latest_item_id=rejection.latest_item_id,
                latest_at=iso(rejection.latest_at),
            )
            for rejection in explanation.rejections
        ],
        items_scanned=explanation.items_scanned,
        items_total=explanation.counts.total,
        scan_complete=explanation.following is None,
        next_cursor=next_cursor,
    )


def _counts(counts: Iterable[tuple[str, int]]) -> list[FailureCount]:
    return [FailureCount(type=name, count=count) for name, count in counts]


def _briefs(items: tuple[Item, ...]) -> list[ItemBrief]:
    return [ItemBrief(**brief_fields(item)) for item in items]
