"""EventBridge as a consumer sees it: delivery at least once, some entries refused."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class EventBus:
    # Details in the order of delivery; an event may occur more than once.
    delivered: list[dict[str, Any]] = field(default_factory=list)
    # Detail type and detail by event id: a repeated event must be identical.
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    # Ids of events that were repeated with another text.
    contradictions: list[str] = field(default_factory=list)
    # Ids refused at least once: later events may have been delivered before them.
    refused: set[str] = field(default_factory=set)
    # Pairs of bus name and source.
    sources: set[tuple[str, str]] = field(default_factory=set)

    def refuse(self, entry: dict[str, Any]) -> None:
        self.refused.add(json.loads(entry["Detail"])["eventId"])

    def deliver(self, entry: dict[str, Any]) -> None:
        detail = json.loads(entry["Detail"])
        event_id = detail["eventId"]
        text = (entry["DetailType"], entry["Detail"])
        if self.texts.setdefault(event_id, text) != text:
            self.contradictions.append(event_id)
        self.sources.add((entry["EventBusName"], entry["Source"]))
        self.delivered.append({**detail, "type": entry["DetailType"]})
