"""Bodies of HTTP answers about the journal and one item's history."""

from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from forgeledger.jobs.http.item_bodies import (
    FailureBody,
    ItemBody,
    brief_fields,
    counts_fields,
    failure_body,
    json_value,
)
from forgeledger.jobs.http.job_bodies import CountsBody, time_or_none
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact, event_id
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.usecases.read_items import ItemHistory
from forgeledger.jobs.usecases.read_journal import JournalEntry
from forgeledger.json_text import iso
from forgeledger.web.models import Answer


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


class ItemHistoryBody(ItemBody):
    lane: int
    history: Annotated[list[EventBody], Field(description="The item's events, oldest first.")]
    truncated: Annotated[bool, Field(description="Whether earlier events are behind nextCursor.")]
    next_cursor: str | None


class JournalBody(Answer):
    events: list[EventBody]
    next_cursor: Annotated[str, Field(description="Goes on behind this page, also later on.")]
    more: Annotated[bool, Field(description="Whether there is more already.")]


def history_body(found: ItemHistory, next_cursor: str | None) -> ItemHistoryBody:
    item = found.item
    return ItemHistoryBody(
        **brief_fields(item),
        payload=json_value(item.payload),
        result=json_value(item.result),
        lane=found.lane,
        history=[_event_body(found.lane, past.offset, past.event) for past in found.events],
        truncated=next_cursor is not None,
        next_cursor=next_cursor,
    )


def entry_body(job_id: str, entry: JournalEntry) -> EventBody:
    if isinstance(entry.happened, Fact):
        return _fact_body(job_id, entry.happened)
    return _event_body(entry.lane, entry.offset, entry.happened)


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
        payload=json_value(event.payload),
        result=json_value(event.result),
        error=failure_body(event.failure),
        gate=event.gate,
        mode=event.mode,
        counts=None if event.counts is None else CountsBody(**counts_fields(event.counts)),
    )


def _fact_body(job_id: str, fact: Fact) -> EventBody:
    return EventBody(
        type=fact.kind,
        at=iso(fact.at),
        offset=fact.number,
        reason=fact.reason,
        event_id=event_id(job_id, fact) if fact.published else None,
        epoch=fact.epoch,
        status=fact.status,
        counts=CountsBody(**counts_fields(fact.counts)),
    )
