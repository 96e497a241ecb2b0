"""Published events must be exactly the facts, complete and in order."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from forgeledger.jobs.model.facts import Fact, FactKind
from tests.simulation.end_checks import VERDICTS
from tests.simulation.event_bus import EventBus
from tests.simulation.handlers import EVENT_BUS
from tests.simulation.hold_checks import opening_of, was_scheduled
from tests.simulation.job_checks import ObservedJob
from tests.simulation.lane_checks import Violation

# All histories share a few metadata texts.
_read_json = lru_cache(maxsize=64)(json.loads)


def check_events(bus: EventBus, jobs: Collection[ObservedJob]) -> None:
    """At rest: each public fact was published once or more, field by field, in order."""
    if bus.sources - {(EVENT_BUS, "forgeledger")}:
        raise Violation(f"wrong bus or source: {bus.sources}")
    facts = {
        _event_id(observed, fact): (observed, fact)
        for observed in jobs
        for fact in observed.facts
        if fact.kind not in (FactKind.CLOSING, FactKind.ITEMS_RESUMED)
    }
    # First deliveries.
    details: dict[str, dict[str, Any]] = {}
    for detail in bus.delivered:
        details.setdefault(detail["eventId"], detail)
    if details.keys() != facts.keys():
        raise Violation(f"missing or unknown events: {sorted(details.keys() ^ facts.keys())}")
    latest: dict[str, int] = {}
    for event_id, detail in details.items():
        observed, fact = facts[event_id]
        expected = _detail(event_id, observed, fact)
        if detail != expected:
            raise Violation(f"published {detail}, expected {expected}")
        if latest.get(detail["jobId"], -1) > fact.number and event_id not in bus.refused:
            raise Violation(f"{event_id} was published too late")
        latest[detail["jobId"]] = fact.number


def _event_id(observed: ObservedJob, fact: Fact) -> str:
    several = (FactKind.IDLE, FactKind.PAUSED, FactKind.RESUMED)
    repeated = f":{fact.number}" if fact.kind in several else ""
    return f"{observed.job.job_id}:{fact.epoch}:{fact.kind}{repeated}"


@lru_cache(maxsize=1024)
def iso_time(at: int) -> str:
    """A time as in events and answers."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def _detail(event_id: str, observed: ObservedJob, fact: Fact) -> dict[str, Any]:
    """The expected detail, derived from the contract without the product's code."""
    spec, counts = observed.job.spec, fact.counts
    opened = opening_of(observed.facts, fact)
    running = "SCHEDULED" if was_scheduled(spec, observed.facts, fact) else "RUNNING"
    finished = counts.completed + counts.failed + counts.canceled
    detail = {
        "type": str(fact.kind),
        "eventId": event_id,
        "jobId": spec.job_id,
        "name": spec.name,
        "epoch": fact.epoch,
        "status": str(fact.status) if fact.kind in VERDICTS else running,
        "total": counts.pending + counts.in_progress + finished,
        "completed": counts.completed,
        "failed": counts.failed,
        "canceled": counts.canceled,
        "durationMs": max(0, fact.at - opened.at),
        "at": iso_time(fact.at),
        "metadata": _read_json(spec.metadata),
        "tags": list(spec.tags),
    }
    if fact.paused_until is not None:
        detail["pausedUntil"] = iso_time(fact.paused_until)
    return detail if fact.reason is None else {**detail, "reason": fact.reason}
