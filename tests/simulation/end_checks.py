"""How a job has to end, and when: for what reason, not too early, and not never."""

from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job
from tests.simulation.lane_checks import Violation

# How far apart the clocks of two processes are at most.
CLOCKS_DIFFER_MS = 80

DAY_MS = 24 * 3_600_000


def rows_vanish_at(job: Job) -> int:
    """When the first rows of a job may vanish that is not kept once more."""
    return job.renewed_since + (job.spec.rules.ttl_days or 1_000_000) * DAY_MS


def closed_rightly(where: str, before: Job, facts: list[Fact], closing: Fact, now: int) -> None:
    """When a job's end becomes certain before all else is done."""
    if before.finished or before.ending is not None:
        raise Violation(f"{where}: the job was {before.status}, ending {before.ending}")
    if closing.reason == "deadline":
        passes = _passes_at(before, facts)
        if passes is None or min(closing.at, now) + CLOCKS_DIFFER_MS < passes:
            raise Violation(f"{where}: the deadline passes at {passes}, it is {closing.at}")
    elif closing.reason == "tolerance":
        counts = closing.counts
        if not _hopeless(before, counts.failed, counts.total):
            raise Violation(f"{where}: {counts} is within {before.spec.tolerance}")
    elif closing.reason != "canceled":
        raise Violation(f"{where}: for {closing.reason}")


def ended_rightly(
    where: str, before: Job, known: list[Fact], verdict: Fact, total: dict[str, int]
) -> None:
    """A verdict's reason is that for which the lanes were closed; `known` are of its epoch."""
    closings = [fact.reason for fact in known if fact.kind is FactKind.CLOSING]
    exceeded = _exceeded(before, total["FAILED"], sum(total.values()))
    reason, kind = None, FactKind.COMPLETED
    if closings:
        reason = closings[0]
        kind = FactKind.CANCELED if reason == "canceled" else FactKind.FAILED
    elif exceeded:
        reason, kind = "tolerance", FactKind.FAILED
    if verdict.reason != reason or verdict.kind is not kind:
        raise Violation(f"{where} for {verdict.reason}, not {kind} for {reason}: {total}")
    told = any(fact.kind is FactKind.FIRST_FAILURE for fact in known)
    if total["FAILED"] > before.counts_at_verdict.failed and not told:
        raise Violation(f"{where}: the first failure was not told")


def seals_itself(job: Job, known: int) -> bool:
    """Whether all that were expected came; reopened with all of them, it waits for somebody."""
    expected = job.spec.expected_items
    if expected is None or known < expected:
        return False
    return job.epoch == 1 or job.counts_at_verdict.total < expected


def overdue(
    job: Job, facts: list[Fact], total: dict[str, int], failings: int, now: int
) -> str | None:
    """What is due to a job that runs: at rest neither its seal nor its end nor a fact may be."""
    failed, known, settled = total["FAILED"], sum(total.values()), job.counts_at_verdict
    if job.mode == "open" and seals_itself(job, known):
        return f"not sealed, and all {job.spec.expected_items} expected items came"
    passes = _passes_at(job, facts)
    if passes is not None and passes + CLOCKS_DIFFER_MS < now:
        return "still running after its deadline"
    if _hopeless(job, failed, known):
        return f"still running with {total} and {job.spec.tolerance}"
    told = any(fact.kind is FactKind.FIRST_FAILURE and fact.epoch == job.epoch for fact in facts)
    if (failed > settled.failed or failings > settled.failings) and not told:
        return f"the first failure of epoch {job.epoch} was not told"
    return None


def _passes_at(job: Job, facts: list[Fact]) -> int | None:
    """When the deadline of this epoch passes."""
    if job.spec.deadline_seconds is None:
        return None
    opened = next(fact for fact in facts if fact.epoch == job.epoch)
    return opened.at + job.spec.deadline_seconds * 1000


def _hopeless(job: Job, failed: int, known: int) -> bool:
    """Whether there are too many failures whatever comes, beyond those it was reopened with."""
    bound, expected = job.spec.tolerance, job.spec.expected_items
    if failed <= job.counts_at_verdict.failed:
        return False
    if bound.failures is not None and failed > bound.failures:
        return True
    # A share can be taken only of a number that does not grow.
    grows = job.mode == "open" and expected is None
    return not grows and _exceeded(job, failed, max(known, expected or 0))


def _exceeded(job: Job, failed: int, known: int) -> bool:
    bound = job.spec.tolerance
    if bound.failures is not None and failed > bound.failures:
        return True
    return bound.failure_percent is not None and failed * 100 > bound.failure_percent * known
