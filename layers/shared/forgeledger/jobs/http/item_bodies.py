"""Bodies of HTTP answers about items, the journal, and why a job is not done."""

from typing import Annotated, Any

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from forgeledger.jobs.http.job_bodies import Answer, CountsBody, time_or_none
from forgeledger.jobs.messages.job_events import iso
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact, event_id
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.outcomes import Reason, Verdict
from forgeledger.jobs.usecases.explain_job import Cause, Explanation
from forgeledger.jobs.usecases.list_rejections import RejectionCount
from forgeledger.jobs.usecases.read_items import ItemHistory
from forgeledger.jobs.usecases.read_journal import JournalEntry
from forgeledger.json_text import from_text


class FailureBody(Answer):
    type: str
    message: str
    retryable: bool


class ItemBrief(Answer):
    """An item without what it carries."""

    item_id: str
    state: ItemState
    attempt: int
    worker_id: str | None
    lease_until: str | None
    due_at: str | None
    error: FailureBody | None
    created_at: str
    claimed_at: str | None
    finished_at: str | None
    updated_at: str


class ItemBody(ItemBrief):
    payload: Any
    result: Any


class EventBody(Answer):
    """One event of a lane, or one fact of the job (then without a lane); only what it has."""

    type: Annotated[str, Field(examples=["completed", "job.sealed"])]
    at: str
    lane: int | None = None
    offset: int
    item_id: str | None = None
    command: str | None = None
    reason: str | None = None
    attempt: int | None = None
    worker_id: str | None = None
    lease_until: str | None = None
    due_at: str | None = None
    payload: Any = None
    result: Any = None
    error: FailureBody | None = None
    gate: int | None = None
    mode: str | None = None
    event_id: str | None = None
    epoch: int | None = None
    status: JobStatus | None = None
    counts: CountsBody | None = None

    @model_serializer(mode="wrap")
    def _without_nulls(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the fields: leaving some out does not make it any object."""
        described: Any = {**core_schema}
        described.pop("serialization", None)
        return handler(described)


class ItemsBody(Answer):
    items: list[ItemBody]
    next_cursor: str | None


class ItemHistoryBody(ItemBody):
    lane: int
    history: Annotated[list[EventBody], Field(description="The item's events, oldest first.")]
    truncated: Annotated[bool, Field(description="Whether earlier events are behind nextCursor.")]
    next_cursor: str | None


class OutcomeBody(Answer):
    outcome: Verdict
    item: ItemBody


class JournalBody(Answer):
    events: list[EventBody]
    next_cursor: Annotated[str, Field(description="Goes on behind this page, also later on.")]
    more: Annotated[bool, Field(description="Whether there is more already.")]


class FailureCount(Answer):
    type: str
    count: int


class RejectionCountBody(Answer):
    command: CommandKind
    reason: Annotated[Reason, Field(examples=["unknown_item"])]
    count: int
    latest_item_id: Annotated[str, Field(description="The item that the latest of them names.")]
    latest_at: str


class ItemsFound(Answer):
    count: Annotated[int, Field(description="Among the items that were looked at.")]
    items: Annotated[list[ItemBrief], Field(description="The first ten by time.")]


class WhyHeadline(Answer):
    job_id: str
    status: JobStatus
    is_complete: bool
    reasons: list[Cause]


class WhyBody(CountsBody, WhyHeadline):
    ending: JobStatus | None
    reason: Annotated[
        str | None, Field(description="Why it failed or was canceled, or is about to be.")
    ]
    expected_items: int | None
    deadline_at: str | None
    lagging_lanes: list[int]
    oldest_in_progress: list[ItemBrief]
    expired_leases: ItemsFound
    due_later: ItemsFound
    failures: list[FailureCount]
    rejections: Annotated[
        list[RejectionCountBody],
        Field(
            description="Commands that were rejected, among the latest events, most frequent "
            "first; without already_completed and not_failed, which hold nothing up. Empty when "
            "the job is finished."
        ),
    ]
    items_scanned: int
    scan_complete: Annotated[
        bool, Field(description="False when there were more items than one request looks at.")
    ]


def item_body(item: Item) -> ItemBody:
    return ItemBody(**_brief(item), payload=_value(item.payload), result=_value(item.result))


def history_body(found: ItemHistory, next_cursor: str | None) -> ItemHistoryBody:
    item = found.item
    return ItemHistoryBody(
        **_brief(item),
        payload=_value(item.payload),
        result=_value(item.result),
        lane=found.lane,
        history=[_event_body(found.lane, past.offset, past.event) for past in found.events],
        truncated=next_cursor is not None,
        next_cursor=next_cursor,
    )


def entry_body(job_id: str, entry: JournalEntry) -> EventBody:
    if isinstance(entry.happened, Fact):
        return _fact_body(job_id, entry.happened)
    return _event_body(entry.lane, entry.offset, entry.happened)


def why_body(explanation: Explanation) -> WhyBody:
    job = explanation.job
    return WhyBody(
        **_counts(explanation.counts),
        job_id=job.job_id,
        status=job.status,
        is_complete=job.finished,
        reasons=list(explanation.causes),
        ending=job.ending,
        reason=job.ending_reason,
        expected_items=job.spec.expected_items,
        deadline_at=time_or_none(job.deadline_at),
        lagging_lanes=list(explanation.lagging_lanes),
        oldest_in_progress=_briefs(explanation.oldest_in_progress),
        expired_leases=ItemsFound(
            count=explanation.expired, items=_briefs(explanation.expired_leases)
        ),
        due_later=ItemsFound(count=explanation.waiting, items=_briefs(explanation.due_later)),
        failures=[FailureCount(type=name, count=count) for name, count in explanation.failures],
        rejections=[_rejection_count(each) for each in explanation.rejections],
        items_scanned=explanation.scanned,
        scan_complete=explanation.scanned_all,
    )


def _rejection_count(told: RejectionCount) -> RejectionCountBody:
    return RejectionCountBody(
        command=told.command,
        reason=told.reason,
        count=told.count,
        latest_item_id=told.latest_item_id,
        latest_at=iso(told.latest_at),
    )


def _briefs(items: tuple[Item, ...]) -> list[ItemBrief]:
    return [ItemBrief(**_brief(item)) for item in items]


def _brief(item: Item) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "state": item.state,
        "attempt": item.attempt,
        "worker_id": item.worker_id,
        "lease_until": time_or_none(item.lease_until),
        "due_at": time_or_none(item.due_at),
        "error": _failure(item.failure),
        "created_at": iso(item.created_at),
        "claimed_at": time_or_none(item.claimed_at),
        "finished_at": time_or_none(item.finished_at),
        "updated_at": iso(item.updated_at),
    }


def _event_body(lane: int | None, offset: int, event: Event) -> EventBody:
    return EventBody(
        type=event.kind,
        at=iso(event.at),
        lane=lane,
        offset=offset,
        item_id=event.item_id,
        command=event.command,
        reason=event.reason,
        attempt=event.attempt,
        worker_id=event.worker_id,
        lease_until=time_or_none(event.lease_until),
        due_at=time_or_none(event.due_at),
        payload=_value(event.payload),
        result=_value(event.result),
        error=_failure(event.failure),
        gate=event.gate,
        mode=event.mode,
        counts=None if event.counts is None else CountsBody(**_counts(event.counts)),
    )


def _fact_body(job_id: str, fact: Fact) -> EventBody:
    return EventBody(
        type=fact.kind,
        at=iso(fact.at),
        offset=fact.number,
        reason=fact.reason,
        event_id=event_id(job_id, fact) if fact.told else None,
        epoch=fact.epoch,
        status=fact.status,
        counts=CountsBody(**_counts(fact.counts)),
    )


def _failure(failure: Failure | None) -> FailureBody | None:
    if failure is None:
        return None
    return FailureBody(type=failure.type, message=failure.message, retryable=failure.retryable)


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "total": counts.total,
        "pending": counts.pending,
        "in_progress": counts.in_progress,
        "completed": counts.completed,
        "failed": counts.failed,
        "canceled": counts.canceled,
    }


def _value(text: str | None) -> Any:
    return None if text is None else from_text(text)
