"""Decode the API's JSON into records: unknown fields are ignored, null means the default."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from forgeledger.sdk.errors import ApiError
from forgeledger.sdk.job_report import EpochReport, Report
from forgeledger.sdk.records import (
    CommandAnswer,
    Event,
    FailureCount,
    FoundItems,
    Item,
    Job,
    JsonObject,
    Page,
    Problem,
    Registration,
    Rejection,
    RejectionCount,
    Why,
    WrongField,
)

Record = TypeVar("Record")
Row = TypeVar("Row")


def job_of(body: JsonObject) -> Job:
    return _record(Job, body, tags=tuple(body.get("tags") or ()), warnings=warnings_of(body))


def item_of(body: JsonObject) -> Item:
    return _record(Item, body, history=_all(event_of, body.get("history")))


def event_of(body: JsonObject) -> Event:
    return _record(Event, body, ignored=tuple(body.get("ignored") or ()))


def registration_of(body: JsonObject) -> Registration:
    rejections = _all(lambda rejection: _record(Rejection, rejection), body.get("rejections"))
    return _record(Registration, body, rejections=rejections, warnings=warnings_of(body))


def answer_of(body: JsonObject) -> CommandAnswer:
    item = body.get("item")
    item = item_of(item) if item else None
    return _record(CommandAnswer, body, item=item, warnings=warnings_of(body))


def why_of(body: JsonObject) -> Why:
    return _record(
        Why,
        body,
        reasons=tuple(body.get("reasons") or ()),
        lagging_lanes=tuple(body.get("laggingLanes") or ()),
        oldest_in_progress=_all(item_of, body.get("oldestInProgress")),
        expired_leases=_found_items(body.get("expiredLeases")),
        due_later=_found_items(body.get("dueLater")),
        failures=_failure_counts(body.get("failures")),
        retries=_failure_counts(body.get("retries")),
        rejections=_all(lambda count: _record(RejectionCount, count), body.get("rejections")),
    )


def report_of(body: JsonObject) -> Report:
    # The numbers of both objects have names of their own.
    numbers = {**(body.get("attempts") or {}), **(body.get("time") or {})}
    return _record(
        Report,
        {**body, **numbers},
        epochs=_all(lambda epoch: _record(EpochReport, epoch), body.get("epochs")),
        failures_by_type=_failure_counts(body.get("failuresByType")),
        events=_all(event_of, body.get("events")),
        raw=body,
    )


def _failure_counts(counts: Any) -> tuple[FailureCount, ...]:
    return _all(lambda count: _record(FailureCount, count), counts)


def warnings_of(body: JsonObject) -> tuple[WrongField, ...]:
    return wrong_fields(body.get("warnings"))


def wrong_fields(entries: object) -> tuple[WrongField, ...]:
    """From an answer of any server: what is none is left out."""
    return tuple(
        WrongField(**{name: str(entry.get(name, "")) for name in ("field", "rule", "message")})
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    )


def page_of(body: JsonObject, name: str, read: Callable[[JsonObject], Row]) -> Page[Row]:
    cursor = body.get("nextCursor")
    return Page(
        rows=_all(read, body.get(name)), cursor=cursor, more=body.get("more", cursor is not None)
    )


def _found_items(body: JsonObject | None) -> FoundItems:
    body = body or {}
    return FoundItems(count=body.get("count", 0), items=_all(item_of, body.get("items")))


def _all(read: Callable[[JsonObject], Row], bodies: Iterable[JsonObject] | None) -> tuple[Row, ...]:
    return tuple(read(body) for body in bodies or ())


def _record(kind: type[Record], body: JsonObject, **converted: Any) -> Record:
    values = {"raw": body, **converted}
    known: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]  # Every kind is a dataclass.
        value = values[field.name] if field.name in values else _value(field.name, body)
        if value is not None:
            known[field.name] = value
    try:
        return kind(**known)
    except TypeError as error:
        raise ApiError(
            Problem(status=200, code="not_a_ledger", detail=f"{kind.__name__}: {error}", raw=body)
        ) from error


def _value(name: str, body: JsonObject) -> Any:
    value = body.get(_camel(name))
    if value is not None and (name.endswith(("_at", "_until")) or name == "at"):
        return datetime.fromisoformat(value)
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
