"""Idle jobs: announced a day before they are canceled, and never while something is committed."""

from collections.abc import Sequence

from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job
from tests.simulation.end_checks import CLOCK_SKEW_MS, DAY_MS
from tests.simulation.lane_checks import Violation


def check_idle_facts(
    where: str,
    before: Job,
    facts: Sequence[Fact],
    fact: Fact,
    *,
    committed_at: int,
    limit_ms: int,
) -> None:
    """`committed_at` is when the job was opened or last committed to."""
    if fact.kind is FactKind.IDLE:
        ends = before.finished or before.ending is not None
        if not limit_ms or before.mode != "open" or ends or before.held:
            raise Violation(f"{where}: of a job that cannot be idle, {before}")
        if fact.at + CLOCK_SKEW_MS < committed_at + limit_ms - DAY_MS:
            raise Violation(f"{where}: at {fact.at}, the last commit at {committed_at}")
    elif fact.kind is FactKind.CLOSING and fact.reason == "idle":
        _check_idle_closing(where, before, facts, fact, committed_at)


def _check_idle_closing(
    where: str, before: Job, facts: Sequence[Fact], closing: Fact, committed_at: int
) -> None:
    announced = [fact.at for fact in facts if fact.kind is FactKind.IDLE]
    if before.mode != "open" or before.held or not announced:
        raise Violation(f"{where}: idle without an announcement")
    if announced[-1] + CLOCK_SKEW_MS < committed_at:
        raise Violation(f"{where}: something was committed since the announcement")
    if closing.at + CLOCK_SKEW_MS < announced[-1] + DAY_MS:
        raise Violation(f"{where}: at {closing.at}, announced at {announced[-1]}")


def idle_overdue(job: Job, rolled_up_at: int, now: int, limit_ms: int) -> str | None:
    """Which announcement or end of an idle job is overdue at rest."""
    if not limit_ms or job.mode != "open" or job.held:
        return None
    last = max(job.opened_at, rolled_up_at)
    if job.idle_at is None or job.idle_at < last:
        late = now > last + limit_ms - DAY_MS + CLOCK_SKEW_MS
        return "idle, and not announced" if late else None
    return "idle, and not canceled" if now > job.idle_at + DAY_MS + CLOCK_SKEW_MS else None
