"""Response bodies of items."""

from typing import Annotated, Any

from pydantic import Field

from forgeledger.jobs.http.job_bodies import time_or_none
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.outcomes import OutcomeKind
from forgeledger.json_text import from_text, iso
from forgeledger.web.models import ResponseModel


class FailureBody(ResponseModel):
    type: str
    message: str
    retryable: bool


class ItemBrief(ResponseModel):
    """An item without its payload and result."""

    item_id: str
    state: ItemState
    attempt: int
    dispatch: Annotated[int | None, Field(description="Which dispatch the latest claim was for.")]
    kind: str | None
    group: str | None
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


class ItemsBody(ResponseModel):
    items: list[ItemBody]
    next_cursor: str | None


class OutcomeBody(ResponseModel):
    outcome: OutcomeKind
    item: ItemBody


def item_body(item: Item) -> ItemBody:
    return ItemBody(**item_fields(item))


def item_fields(item: Item) -> dict[str, Any]:
    values = {"payload": json_value(item.payload), "result": json_value(item.result)}
    return brief_fields(item) | values


def brief_fields(item: Item) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "state": item.state,
        "attempt": item.attempt,
        "dispatch": item.dispatch or None,
        "kind": item.kind,
        "group": item.group,
        "worker_id": item.worker_id,
        "lease_until": time_or_none(item.lease_until),
        "due_at": time_or_none(item.due_at),
        "error": item.failure,
        "created_at": iso(item.created_at),
        "claimed_at": time_or_none(item.claimed_at),
        "finished_at": time_or_none(item.finished_at),
        "updated_at": iso(item.updated_at),
    }


def json_value(text: str | None) -> Any:
    return None if text is None else from_text(text)
