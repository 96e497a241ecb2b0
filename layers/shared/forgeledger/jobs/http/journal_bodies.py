"""Response bodies of the journal and of an item's history."""

from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from forgeledger.jobs.http.item_bodies import FailureBody, ItemBody, item_fields, json_value
from forgeledger.jobs.http.job_bodies import CountsBody, time_or_none
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact, event_id
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.usecases.read_items import ItemHistory
from forgeledger.jobs.usecases.read_journal import JournalEntry
from forgeledger.json_text import iso
from forgeledger.web.models import ResponseModel


class EventBody(ResponseModel):
    """An event of a lane, or a fact of the job, which has no lane. Null fields are left out."""

    type: Annotated[str, Field(examples=["completed", "job.sealed"])]
    at: str
    lane: int | None = None
    offset: int
    item_id: str | None = None
    command: str | None = None
    reason: str | None = None
    attempt: int | None = None
    dispatch: int | None = None
    kind: str | None = None
    group: str | None = None
    worker_id: str | None = None
    client_id: Annotated[
        str | None,
        Field(description="Who asked for it over HTTP: `operator`, until there are clients."),
    ] = None
    lease_until: str | None = None
    due_at: str | None = None
    payload: Any = None
    result: Any = None
    error: FailureBody | None = None
    ignored: Annotated[list[str] | None, Field(description="Unknown fields of its command.")] = None
    gate: int | None = None
    mode: str | None = None
    held: Annotated[bool | None, Field(description="Whether the lane grants no claims.")] = None
    paused_until: str | None = None
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
        """Without this, the serializer would make the schema that of any object."""
        plain: Any = {**core_schema}
        plain.pop("serialization", None)
        return handler(plain)


class ItemHistoryBody(ItemBody):
    lane: int
    history: Annotated[list[EventBody], Field(description="The item's events, oldest first.")]
    truncated: Annotated[bool, Field(description="Whether there are earlier events (nextCursor).")]
    next_cursor: str | None


class JournalBody(ResponseModel):
    events: list[EventBody]
    next_cursor: Annotated[
        str, Field(description="Continues after this page, also when more happens.")
    ]
    more: Annotated[bool, Field(description="Whether there are more events now.")]


def history_body(history: ItemHistory, next_cursor: str | None) -> ItemHistoryBody:
    lane = history.lane
    return ItemHistoryBody(
        **item_fields(history.item),
        lane=lane,
        history=[_event_body(lane, entry.offset, entry.event) for entry in history.events],
        truncated=next_cursor is not None,
        next_cursor=next_cursor,
    )


def entry_body(job_id: str, entry: JournalEntry) -> EventBody:
    happened = entry.happened
    if isinstance(happened, Fact):
        return fact_body(job_id, happened)
    return _event_body(entry.lane, entry.offset, happened)


def fact_body(job_id: str, fact: Fact) -> EventBody:
    return EventBody(
        type=fact.kind,
        at=iso(fact.at),
        offset=fact.number,
        reason=fact.reason,
        event_id=event_id(job_id, fact) if fact.published else None,
        epoch=fact.epoch,
        status=fact.status,
        counts=fact.counts,
        client_id=fact.client_id,
        paused_until=time_or_none(fact.paused_until),
    )


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
        dispatch=event.dispatch,
        kind=event.item_kind,
        group=event.group,
        worker_id=event.worker_id,
        lease_until=time_or_none(event.lease_until),
        due_at=time_or_none(event.due_at),
        payload=json_value(event.payload),
        result=json_value(event.result),
        error=event.failure,
        gate=event.gate,
        mode=event.mode,
        held=event.held,
        counts=None if event.recount is None else event.recount.counts,
        client_id=event.client_id,
        ignored=list(event.ignored) or None,
    )
