"""When and for what reason a job must end, and when it must not."""

from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job
from tests.simulation.lane_checks import Violation

# The largest difference between the clocks of two processes.
CLOCK_SKEW_MS = 80

VERDICTS = frozenset({FactKind.COMPLETED, FactKind.FAILED, FactKind.CANCELED})
# The status after each of them.
STATUSES = {
    FactKind.FAILED: ("FAILED",),
    FactKind.CANCELED: ("CANCELED",),
    FactKind.COMPLETED: ("COMPLETED", "COMPLETED_WITH_FAILURES"),
}
# Facts of which an epoch has at most one.
ONCE_PER_EPOCH = VERDICTS | {
    FactKind.FIRST_FAILURE,
    FactKind.CLOSING,
    FactKind.REOPENED,
    FactKind.STARTED,
    FactKind.ITEMS_RESUMED,
}
DAY_MS = 24 * 3_600_000
# Reasons for which a job is canceled; for all others it fails.
_CANCELING = ("canceled", "idle")


def rows_expire_at(job: Job) -> int:
    """When the first rows of a job may expire, unless its retention is extended again."""
    return job.renewed_since + (job.spec.rules.ttl_days or 1_000_000) * DAY_MS


def check_closing(where: str, before: Job, facts: list[Fact], closing: Fact, now: int) -> None:
    """Check the fact by which a job ends before all of its items are finished."""
    if before.finished or before.ending is not None:
        raise Violation(f"{where}: the job was {before.status}, ending {before.ending}")
    if closing.reason == "deadline":
        deadline = _deadline_at(before, facts)
        if deadline is None or min(closing.at, now) + CLOCK_SKEW_MS < deadline:
            raise Violation(f"{where}: the deadline is at {deadline}, the fact at {closing.at}")
    elif closing.reason == "tolerance":
        counts = closing.counts
        if not _beyond_tolerance(before, counts.failed, counts.total):
            raise Violation(f"{where}: {counts} is within {before.spec.tolerance}")
    elif closing.reason not in _CANCELING:
        raise Violation(f"{where}: unknown reason {closing.reason}")


def check_verdict(
    where: str, before: Job, epoch_facts: list[Fact], verdict: Fact, total: dict[str, int]
) -> None:
    """Check a verdict's kind and reason against the earlier facts of its epoch."""
    closings = [fact.reason for fact in epoch_facts if fact.kind is FactKind.CLOSING]
    exceeded = _exceeded(before, total["FAILED"], sum(total.values()))
    reason, kind = None, FactKind.COMPLETED
    if closings:
        reason = closings[0]
        kind = FactKind.CANCELED if reason in _CANCELING else FactKind.FAILED
    elif exceeded:
        reason, kind = "tolerance", FactKind.FAILED
    if verdict.reason != reason or verdict.kind is not kind:
        raise Violation(f"{where} for {verdict.reason}, not {kind} for {reason}: {total}")
    reported = any(fact.kind is FactKind.FIRST_FAILURE for fact in epoch_facts)
    if total["FAILED"] > before.counts_at_verdict.failed and not reported:
        raise Violation(f"{where}: no fact for the first failure")


def seals_automatically(job: Job, known: int) -> bool:
    """Whether all expected items are known; a job reopened with all of them is not sealed."""
    expected = job.spec.expected_items
    if expected is None or known < expected:
        return False
    return job.epoch == 1 or job.counts_at_verdict.total < expected


def overdue(
    job: Job, facts: list[Fact], total: dict[str, int], failings: int, now: int
) -> str | None:
    """Which seal, end or fact of a running job is overdue; at rest none may be."""
    failed, known, at_verdict = total["FAILED"], sum(total.values()), job.counts_at_verdict
    if job.mode == "open" and seals_automatically(job, known):
        return f"not sealed although all {job.spec.expected_items} expected items are known"
    deadline = _deadline_at(job, facts)
    if deadline is not None and deadline + CLOCK_SKEW_MS < now:
        return "still running after its deadline"
    if job.status != "SCHEDULED" and _beyond_tolerance(job, failed, known):
        return f"still running with {total} and {job.spec.tolerance}"
    reported = any(
        fact.kind is FactKind.FIRST_FAILURE and fact.epoch == job.epoch for fact in facts
    )
    if (failed > at_verdict.failed or failings > at_verdict.failings) and not reported:
        return f"no fact for the first failure of epoch {job.epoch}"
    return None


def _deadline_at(job: Job, facts: list[Fact]) -> int | None:
    """The deadline of the current epoch, which counts from its start."""
    if job.spec.deadline_seconds is None or job.status == "SCHEDULED":
        return None
    of_epoch = [fact for fact in facts if fact.epoch == job.epoch]
    started = [fact for fact in of_epoch if fact.kind is FactKind.STARTED]
    opened = (started or of_epoch)[0]
    return opened.at + job.spec.deadline_seconds * 1000


def _beyond_tolerance(job: Job, failed: int, known: int) -> bool:
    """Whether failures since the last verdict exceed the tolerance, whatever items follow."""
    tolerance, expected = job.spec.tolerance, job.spec.expected_items
    if failed <= job.counts_at_verdict.failed:
        return False
    if tolerance.failures is not None and failed > tolerance.failures:
        return True
    # A percentage counts only once the number of items cannot grow.
    grows = job.mode == "open" and expected is None
    return not grows and _exceeded(job, failed, max(known, expected or 0))


def _exceeded(job: Job, failed: int, known: int) -> bool:
    tolerance = job.spec.tolerance
    if tolerance.failures is not None and failed > tolerance.failures:
        return True
    return (
        tolerance.failure_percent is not None and failed * 100 > tolerance.failure_percent * known
    )
