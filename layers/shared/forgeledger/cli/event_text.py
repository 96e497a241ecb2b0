"""Items and journal events as text for people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
    """The columns of an item's history: time, type, attempt, worker and details."""
    attempt = "" if event.attempt is None else f"attempt {event.attempt}"
    return [precise_moment(event.at), event.type, attempt, event.worker_id or "", _details(event)]


def event_line(event: "Event") -> str:
    source = "job" if event.lane is None else f"{event.lane}:{event.offset}"
    words = [precise_moment(event.at), source, event.type, event.item_id or ""]
    if event.attempt is not None:
        words.append(f"attempt {event.attempt}")
    words += [event.worker_id or "", _details(event)]
    return "  ".join(word for word in words if word)


def _lane_text(raw: Mapping[str, Any]) -> str:
    return f"the lane is {raw['mode']}{', held' if raw.get('held') else ''}"


def _details(event: "Event") -> str:
    raw = event.raw
    parts: list[str] = []
    if raw.get("command"):
        parts.append(str(raw["command"]))
    if event.reason:
        parts.append(event.reason)
    if event.error:
        parts.append(f"{event.error.get('type')}: {event.error.get('message', '')}".rstrip(": "))
    if raw.get("dueAt"):
        parts.append(f"due {raw['dueAt']}")
    if raw.get("result") is not None:
        parts.append(f"result {short_json(raw['result'], 60)}")
    if raw.get("mode"):
        parts.append(_lane_text(raw))
    if raw.get("status") and event.lane is None:
        until = f" until {raw['pausedUntil']}" if "pausedUntil" in raw else ""
        parts.append(f"{raw['status']}{until}")
    if event.ignored:
        parts.append(f"ignored {', '.join(event.ignored)}")
    if event.client_id:
        parts.append(f"by {event.client_id}")
    return ", ".join(parts)
