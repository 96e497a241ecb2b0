"""What the world outside was told: the facts, all of them, in order, and nothing but the facts."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from forgeledger.jobs.model.facts import Fact, FactKind
from tests.simulation.event_bus import EventBus
from tests.simulation.handlers import EVENT_BUS
from tests.simulation.job_checks import VERDICTS, JobTruth
from tests.simulation.lane_checks import Violation

# The few that the jobs of all histories have.
_read = lru_cache(maxsize=64)(json.loads)


def told_rightly(bus: EventBus, truths: Collection[JobTruth]) -> None:
    """At rest: each fact that is for others was told, as it is, and in its turn."""
    if bus.sources - {(EVENT_BUS, "forgeledger")}:
        raise Violation(f"told on these buses and in the name of {bus.sources}")
    facts = {
        f"{truth.job.job_id}:{fact.epoch}:{fact.kind}": (truth, fact)
        for truth in truths
        for fact in truth.facts
        if fact.kind is not FactKind.CLOSING
    }
    # By their first delivery.
    told: dict[str, dict[str, Any]] = {}
    for each in bus.delivered:
        told.setdefault(each["eventId"], each)
    if told.keys() != facts.keys():
        raise Violation(f"told {sorted(told.keys() ^ facts.keys())} too many or too few")
    latest: dict[str, int] = {}
    for event, detail in told.items():
        truth, fact = facts[event]
        expected = _detail(event, truth, fact)
        if detail != expected:
            raise Violation(f"told {detail}, and it was {expected}")
        if latest.get(detail["jobId"], -1) > fact.number and event not in bus.refused:
            raise Violation(f"{event} was told too late")
        latest[detail["jobId"]] = fact.number


@lru_cache(maxsize=1024)
def written(at: int) -> str:
    """A time as it stands in events and answers."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def _detail(event: str, truth: JobTruth, fact: Fact) -> dict[str, Any]:
    """As the contract has it, written a second time and from the contract alone."""
    spec, counts = truth.job.spec, fact.counts
    opened = next(each for each in truth.facts if each.epoch == fact.epoch)
    finished = counts.completed + counts.failed + counts.canceled
    detail = {
        "type": str(fact.kind),
        "eventId": event,
        "jobId": spec.job_id,
        "name": spec.name,
        "epoch": fact.epoch,
        "status": str(fact.status) if fact.kind in VERDICTS else "RUNNING",
        "total": counts.pending + counts.in_progress + finished,
        "completed": counts.completed,
        "failed": counts.failed,
        "canceled": counts.canceled,
        "durationMs": max(0, fact.at - opened.at),
        "at": written(fact.at),
        "metadata": _read(spec.metadata),
        "tags": list(spec.tags),
    }
    return detail if fact.reason is None else {**detail, "reason": fact.reason}
