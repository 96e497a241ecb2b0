"""Invariants of the time at which a job is looked at next: kept, never moved later, never lost."""

from collections.abc import Mapping, Sequence

from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.storage.job_rows import decode_header
from forgeledger.jobs.storage.keys import HEADER_SK, PROGRESS_SK, due_shard
from tests.simulation.end_checks import CLOCK_SKEW_MS
from tests.simulation.expressions import Row
from tests.simulation.lane_checks import Violation
from tests.simulation.table import RowChange
from tests.simulation.world import SimulatedWorld


def check_looks(pk: str, changes: Sequence[RowChange], world: SimulatedWorld) -> None:
    for change in changes:
        if change.sk == PROGRESS_SK:
            _check_look(pk, change, world)
        elif change.sk == HEADER_SK and change.old is None and change.new is not None:
            job = decode_header(change.new).job
            planned = any(other.sk == PROGRESS_SK for other in changes)
            if planned is not (world.rules.execution and bool(times_of(job))):
                raise Violation(f"{pk}: created with its time to look at it: {planned}")


def _check_look(pk: str, change: RowChange, world: SimulatedWorld) -> None:
    """A change of the row that has it."""
    now = world.now
    assert change.new is not None
    before, after = _number(change.old, "wakeAt"), _number(change.new, "wakeAt")
    if not world.rules.execution and change.new.keys() & {"due", "wakeAt", "facts"}:
        raise Violation(f"{pk}: a time to look at the job, though nobody would")
    if (after is None) is ("due" in change.new):
        raise Violation(f"{pk}: due {change.new.get('due')} at {after}")
    if after is not None and change.new["due"]["S"] != due_shard(pk.partition("#")[2]):
        raise Violation(f"{pk}: due in shard {change.new['due']}")
    if before is not None and before > now + CLOCK_SKEW_MS and (after is None or after > before):
        raise Violation(f"{pk}: to be looked at at {before}, moved to {after} at {now}")
    facts, earlier = _number(change.new, "facts"), _number(change.old, "facts")
    if earlier is not None and (facts is None or facts < earlier):
        raise Violation(f"{pk}: its look was planned with {earlier} facts, then with {facts}")


def times_of(job: Job) -> list[int]:
    """When something happens to the job by itself."""
    if job.status == "SCHEDULED":
        return [job.spec.execute_at or 0]
    seconds = job.spec.deadline_seconds
    deadline = None if seconds is None else job.opened_at + seconds * 1000
    return [time for time in (deadline, job.paused_until) if time is not None]


def look_missing(rows: Mapping[str, Row], job: Job, *, was_held: bool) -> str | None:
    """What is wrong at rest with when a running job is looked at."""
    if job.finished or job.ending is not None:
        return None
    wake_at = _number(rows.get(PROGRESS_SK), "wakeAt")
    times = times_of(job)
    if not times:
        # A hold that ended before its time leaves a look behind.
        vain = wake_at is not None and not was_held
        return f"to be looked at at {wake_at} without a reason" if vain else None
    if wake_at is None or wake_at > min(times):
        return f"to be looked at at {wake_at}, its times are {times}"
    return None


def _number(row: Row | None, name: str) -> int | None:
    return int(row[name]["N"]) if row is not None and name in row else None
