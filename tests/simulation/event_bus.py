"""EventBridge as its consumer sees it: at least once, sometimes twice, some entries refused."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class EventBus:
    # Details in the order of their delivery; the same event may stand here twice.
    delivered: list[dict[str, Any]] = field(default_factory=list)
    # The text of each event, by its id: a repetition has to say the same.
    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    # Ids that came again with another text.
    contradictions: list[str] = field(default_factory=list)
    # Ids that were refused at least once: others may have arrived before them.
    refused: set[str] = field(default_factory=set)
    # On which bus it was told, and who told it.
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
