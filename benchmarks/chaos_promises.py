"""What must be true of the job after all the chaos, whatever was injected."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forgeledger.sdk import Event, Job


@dataclass(frozen=True, kw_only=True)
class Promise:
    name: str
    held: bool
    told: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that can be known of the job at the end."""

    names: Sequence[str]
    job: Job
    journal: Sequence[Event]
    # What a queue behind a rule received for `job.completed`.
    heard: Sequence[dict[str, Any]]
    # Lanes whose counts were not those of their items.
    drifted_lanes: Sequence[int]
    # Messages by the queue that they were put aside in.
    put_aside: dict[str, int]
    workers_fallen: int


def examine(found: Evidence) -> list[Promise]:
    completed = Counter(each.item_id for each in found.journal if each.type == "completed")
    missing = sum(name not in completed for name in found.names)
    twice = sum(number > 1 for number in completed.values())
    job = found.job
    lost = max(missing, len(found.names) - job.completed)
    doubled = max(twice, job.completed - len(found.names), job.total - len(found.names))
    gaps = _gaps(found.journal)
    ids = {event["detail"]["eventId"] for event in found.heard}
    states = f"{job.status}, {job.completed:,} of {job.total:,} items completed"
    return [
        Promise(
            name="lost", held=lost == 0 and job.status == "COMPLETED", told=f"{lost} ({states})"
        ),
        Promise(name="doubled", held=doubled <= 0, told=f"{max(0, doubled)}"),
        Promise(
            name="completions",
            held=len(ids) == 1,
            told=f"{len(ids)} (the event was delivered {len(found.heard)} times)",
        ),
        Promise(
            name="gaps in the journal",
            held=gaps == 0,
            told=f"{gaps} ({len(found.journal):,} events)",
        ),
        Promise(
            name="lanes that drifted",
            held=not found.drifted_lanes,
            told=f"{len(found.drifted_lanes)}",
        ),
        Promise(
            name="messages put aside",
            held=not any(found.put_aside.values()),
            told=", ".join(f"{name} {number}" for name, number in found.put_aside.items()),
        ),
        Promise(
            name="workers that ended by themselves",
            held=not found.workers_fallen,
            told=f"{found.workers_fallen}",
        ),
    ]


def _gaps(journal: Sequence[Event]) -> int:
    """Offsets that are missing in a lane, or stand there twice."""
    offsets: dict[int | None, list[int | None]] = {}
    for each in journal:
        offsets.setdefault(each.lane, []).append(each.offset)
    return sum(
        expected != offset
        for lane in offsets.values()
        for expected, offset in enumerate(sorted(lane, key=lambda offset: offset or 0))
    )


def without_effect(journal: Sequence[Event]) -> int:
    """Commands that came again or too late, and changed nothing."""
    return sum(each.type in {"duplicate", "rejected"} for each in journal)
