"""Items and entries of the journal, in words for people."""

from typing import TYPE_CHECKING

from forgeledger.cli.output import facts, moment, precise_moment, short_json

if TYPE_CHECKING:
    from forgeledger.sdk.records import Event, Item


def item_facts(item: "Item") -> list[str]:
    return facts(
        [
            ("item", item.item_id),
            ("state", item.state),
            ("attempt", item.attempt),
            ("worker", item.worker_id),
            ("lease until", moment(item.lease_until)),
            ("due", moment(item.due_at)),
            ("created", moment(item.created_at)),
            ("claimed", moment(item.claimed_at)),
            ("finished", moment(item.finished_at)),
            ("payload", None if item.payload is None else short_json(item.payload)),
            ("result", None if item.result is None else short_json(item.result)),
            ("error", short_json(dict(item.error)) if item.error else None),
        ]
    )


def event_cells(event: "Event") -> list[str]:
    """When, what, which attempt, who, and the rest: as the history of one item shows it."""
    attempt = "" if event.attempt is None else f"attempt {event.attempt}"
    return [precise_moment(event.at), event.type, attempt, event.worker_id or "", _rest(event)]


def event_line(event: "Event") -> str:
    place = "job" if event.lane is None else f"{event.lane}:{event.offset}"
    words = [precise_moment(event.at), place, event.type, event.item_id or ""]
    if event.attempt is not None:
        words.append(f"attempt {event.attempt}")
    words += [event.worker_id or "", _rest(event)]
    return "  ".join(word for word in words if word)


def _rest(event: "Event") -> str:
    told = event.raw
    parts: list[str] = []
    if told.get("command"):
        parts.append(str(told["command"]))
    if event.reason:
        parts.append(event.reason)
    if event.error:
        parts.append(f"{event.error.get('type')}: {event.error.get('message', '')}".rstrip(": "))
    if told.get("dueAt"):
        parts.append(f"again from {told['dueAt']}")
    if told.get("result") is not None:
        parts.append(f"result {short_json(told['result'], 60)}")
    if told.get("mode"):
        parts.append(f"the lane is {told['mode']}")
    if told.get("status") and event.lane is None:
        parts.append(str(told["status"]))
    return ", ".join(parts)
