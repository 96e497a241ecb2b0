"""What must be true of the job after the chaos run, whatever was injected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.design_forgeledger import CountErrors, count_errors
from benchmarks.lane_consistency import drifted_lanes, gaps
from benchmarks.stored_job import StoredJob
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.facts import FactKind, event_id
from forgeledger.sdk import Job


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    name: str
    held: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that can be known of the job at the end."""

    names: Sequence[str]
    # From the API.
    job: Job
    # From the table, read before the recount, which repairs rows.
    stored: StoredJob
    # Deliveries of `job.completed` to a queue behind a rule.
    received_events: Sequence[dict[str, Any]]
    # Lanes that the product's own recount found wrong.
    corrected_lanes: Sequence[int]
    # Messages left in each queue.
    messages: dict[str, int]
    unexpected_exits: int


def check_guarantees(evidence: Evidence) -> list[Guarantee]:
    # events=1: the number of events is a guarantee of its own.
    errors = count_errors(evidence.stored.lanes, evidence.names, evidence.job.completed, events=1)
    return [
        _lost(evidence, errors),
        _doubled(evidence, errors),
        _completions(evidence),
        _gaps(evidence.stored),
        _drifted(evidence),
        Guarantee(
            name="messages left in queues",
            held=not any(evidence.messages.values()),
            detail=", ".join(f"{name} {number}" for name, number in evidence.messages.items()),
        ),
        Guarantee(
            name="unexpected worker exits",
            held=not evidence.unexpected_exits,
            detail=f"{evidence.unexpected_exits}",
        ),
    ]


def commands_without_effect(stored: StoredJob) -> int:
    return sum(event.kind in {EventKind.DUPLICATE, EventKind.REJECTED} for event in stored.events)


def _lost(evidence: Evidence, errors: CountErrors) -> Guarantee:
    job = evidence.job
    states = f"{job.status}, {job.completed:,} of {job.total:,} items completed"
    done = job.status == "COMPLETED" == evidence.stored.header.status
    held = errors.lost == 0 and done
    return Guarantee(name="lost", held=held, detail=f"{errors.lost} ({states})")


def _doubled(evidence: Evidence, errors: CountErrors) -> Guarantee:
    doubled = max(errors.doubled, evidence.job.total - len(evidence.names))
    return Guarantee(name="doubled", held=doubled == 0, detail=f"{doubled}")


def _completions(evidence: Evidence) -> Guarantee:
    """One `eventId`, however often it was delivered: that of the one completion in the table."""
    event_ids = {event["detail"]["eventId"] for event in evidence.received_events}
    facts = [fact for fact in evidence.stored.facts if fact.kind is FactKind.COMPLETED]
    expected = {event_id(evidence.job.job_id, fact) for fact in facts}
    return Guarantee(
        name="completions",
        held=len(facts) == 1 and event_ids == expected,
        detail=f"{len(event_ids)} (deliveries of the event: {len(evidence.received_events)})",
    )


def _gaps(stored: StoredJob) -> Guarantee:
    missing = sum(gaps(lane) for lane in stored.lanes)
    events = sum(1 for _ in stored.events)
    rows = sum(len(lane.rows) for lane in stored.lanes)
    return Guarantee(
        name="gaps in the journal",
        held=missing == 0,
        detail=f"{missing} ({events:,} events in {rows:,} rows)",
    )


def _drifted(evidence: Evidence) -> Guarantee:
    drifted = {*drifted_lanes(evidence.stored), *evidence.corrected_lanes}
    lanes = len(evidence.stored.lanes)
    return Guarantee(
        name="drifted lanes",
        held=not drifted,
        detail=f"{len(drifted)} (head, items and journal of {lanes} compared)",
    )
