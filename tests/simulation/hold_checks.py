"""Jobs are held until their start and while they are paused, not longer and not shorter."""

from collections.abc import Sequence

from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job, JobSpec
from tests.simulation.end_checks import CLOCK_SKEW_MS, VERDICTS
from tests.simulation.lane_checks import ReplayedLane, Violation
from tests.simulation.request_checks import RequestLog

_CHANGES = (FactKind.STARTED, FactKind.PAUSED, FactKind.RESUMED)
# The steps that lanes follow.
_GATES = (FactKind.SEALED, FactKind.CLOSING, FactKind.REOPENED, *_CHANGES)


def waits_for_start(spec: JobSpec) -> bool:
    return spec.execute_at is not None and spec.execute_at > spec.created_at


def check_hold(where: str, before: Job, fact: Fact, log: RequestLog, now: int) -> None:
    """Check a fact by which a hold begins or ends, and that no verdict precedes the start."""
    if fact.kind in (FactKind.COMPLETED, FactKind.FAILED) and before.status == "SCHEDULED":
        raise Violation(f"{where}: before its start")
    if fact.kind not in _CHANGES:
        return
    expected, requests, time = {
        FactKind.STARTED: ("SCHEDULED", log.starts, before.spec.execute_at),
        FactKind.PAUSED: ("RUNNING", log.pauses, None),
        FactKind.RESUMED: ("RUNNING", log.pause_ends, before.paused_until),
    }[fact.kind]
    if before.status != expected or before.ending is not None:
        raise Violation(f"{where}: of a job that is {before.status}, ending {before.ending}")
    if fact.kind is FactKind.RESUMED and not before.held:
        raise Violation(f"{where}: of a job that is not paused")
    due = time is not None and min(fact.at, now) + CLOCK_SKEW_MS >= time
    if not due and not requests.get(before.job_id):
        raise Violation(f"{where}: at {fact.at}, nobody asked for it, and its time is {time}")


def check_claim(where: str, job: Job, lane: ReplayedLane) -> None:
    """No claim is granted before the start, nor in a lane that has followed a pause."""
    if job.status == "SCHEDULED":
        raise Violation(f"{where}: before its start")
    if job.held and lane.head.gate >= job.gate:
        raise Violation(f"{where}: while it is paused")


def hold_overdue(job: Job, lanes: Sequence[ReplayedLane], now: int) -> str | None:
    """Which start or end of a pause is overdue at rest."""
    if any(lane.head.held is not job.held for lane in lanes):
        return f"its lanes are held otherwise than {job}"
    if job.status == "SCHEDULED":
        times = job.spec.execute_at
        return "not started" if times is not None and now > times + CLOCK_SKEW_MS else None
    late = job.paused_until is not None and now > job.paused_until + CLOCK_SKEW_MS
    return "still paused after the end of its pause" if late else None


def steps_of_gates(facts: Sequence[Fact]) -> list[Fact]:
    """The steps of a job that its lanes follow; the first is gate 1."""
    steps, paused = [], False
    for fact in facts:
        if fact.kind is FactKind.PAUSED and paused:
            # Its lanes are held already.
            continue
        if fact.kind in _GATES:
            steps.append(fact)
        if fact.kind in (FactKind.PAUSED, FactKind.RESUMED, FactKind.CLOSING, *VERDICTS):
            paused = fact.kind is FactKind.PAUSED
    return steps


def opening_of(facts: Sequence[Fact], fact: Fact) -> Fact:
    """The fact with which the epoch began, by which its times are measured: its start, if any."""
    opened = next(other for other in facts if other.epoch == fact.epoch)
    started = (other for other in facts[: fact.number + 1] if other.kind is FactKind.STARTED)
    return next((other for other in started if other.epoch == fact.epoch), opened)


def was_held(facts: Sequence[Fact]) -> bool:
    return any(fact.kind in _CHANGES for fact in facts)


def was_scheduled(spec: JobSpec, facts: Sequence[Fact], fact: Fact) -> bool:
    """Whether the job still waited for its start after this fact."""
    started = any(other.kind is FactKind.STARTED for other in facts[: fact.number + 1])
    return waits_for_start(spec) and fact.epoch == 1 and not started
