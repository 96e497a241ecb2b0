"""What must be true of the job after all the chaos, whatever was injected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.design_forgeledger import Wrongs, wrongs
from benchmarks.lane_consistency import drifted_lanes, gaps
from benchmarks.stored_job import StoredJob
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.facts import FactKind, event_id
from forgeledger.sdk import Job


@dataclass(frozen=True, kw_only=True)
class Promise:
    name: str
    held: bool
    told: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that can be known of the job at the end."""

    names: Sequence[str]
    # As the API tells it.
    job: Job
    # As its rows stand in the table, before anybody heals one.
    stored: StoredJob
    # What a queue behind a rule received for `job.completed`.
    heard: Sequence[dict[str, Any]]
    # Lanes that the product itself found to be wrong when it was asked to count them anew.
    healed_lanes: Sequence[int]
    # Messages by the queue that they were left in, or put aside in.
    messages: dict[str, int]
    workers_fallen: int


def examine(found: Evidence) -> list[Promise]:
    # How many events there were is a promise of its own.
    wrong = wrongs(found.stored.lanes, found.names, found.job.completed, events=1)
    return [
        _lost(found, wrong),
        _doubled(found, wrong),
        _completions(found),
        _gaps(found.stored),
        _drifted(found),
        Promise(
            name="messages left or put aside",
            held=not any(found.messages.values()),
            told=", ".join(f"{name} {number}" for name, number in found.messages.items()),
        ),
        Promise(
            name="workers that ended by themselves",
            held=not found.workers_fallen,
            told=f"{found.workers_fallen}",
        ),
    ]


def without_effect(stored: StoredJob) -> int:
    """Commands that came again or too late, and changed nothing."""
    return sum(event.kind in {EventKind.DUPLICATE, EventKind.REJECTED} for event in stored.events)


def _lost(found: Evidence, wrong: Wrongs) -> Promise:
    job = found.job
    states = f"{job.status}, {job.completed:,} of {job.total:,} items completed"
    done = job.status == "COMPLETED" == found.stored.header.status
    return Promise(name="lost", held=wrong.lost == 0 and done, told=f"{wrong.lost} ({states})")


def _doubled(found: Evidence, wrong: Wrongs) -> Promise:
    doubled = max(wrong.doubled, found.job.total - len(found.names))
    return Promise(name="doubled", held=doubled == 0, told=f"{doubled}")


def _completions(found: Evidence) -> Promise:
    """One event, however often it was delivered, and it is the one that the table knows of."""
    heard = {event["detail"]["eventId"] for event in found.heard}
    facts = [fact for fact in found.stored.facts if fact.kind is FactKind.COMPLETED]
    return Promise(
        name="completions",
        held=len(facts) == 1 and heard == {event_id(found.job.job_id, fact) for fact in facts},
        told=f"{len(heard)} (the event was delivered {len(found.heard)} times)",
    )


def _gaps(stored: StoredJob) -> Promise:
    missing = sum(gaps(lane) for lane in stored.lanes)
    events = sum(1 for _ in stored.events)
    rows = sum(len(lane.rows) for lane in stored.lanes)
    return Promise(
        name="gaps in the journal",
        held=missing == 0,
        told=f"{missing} ({events:,} events in {rows:,} rows)",
    )


def _drifted(found: Evidence) -> Promise:
    drifted = {*drifted_lanes(found.stored), *found.healed_lanes}
    return Promise(
        name="lanes that drifted",
        held=not drifted,
        told=f"{len(drifted)} (head, items and journal of {len(found.stored.lanes)} compared)",
    )
