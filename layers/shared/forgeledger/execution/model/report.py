"""How a job went, in all of its epochs: derived from header, facts and heads, never stored."""

from collections import Counter
from collections.abc import Sequence

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.job_lifecycle import total
from forgeledger.jobs.model.job_outcomes import JobOutcome, outcome_of
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts, Head

FAILURES_TOLERATED = "failures_tolerated"

_VERDICTS = frozenset({FactKind.COMPLETED, FactKind.FAILED, FactKind.CANCELED})
_COMPLETED = frozenset({JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_FAILURES})


@fast_frozen
class EpochReport:
    epoch: int
    status: JobStatus
    counts: Counts
    opened_at: int | None = None
    # Of a scheduled job later than it was opened; None until then.
    started_at: int | None = None
    sealed_at: int | None = None
    finished_at: int | None = None
    duration_ms: int | None = None


@fast_frozen
class JobReport:
    """Of a job that runs it is what is known so far."""

    job: Job
    outcome: JobOutcome | None
    outcome_reason: str | None
    epochs: tuple[EpochReport, ...]
    # Over all epochs, by the name of the sum.
    sums: dict[str, int]
    # Failed items by type of error, most frequent first.
    failures: tuple[tuple[str, int], ...]
    facts: tuple[Fact, ...]


def report_of(job: Job, heads: Sequence[Head], facts: Sequence[Fact]) -> JobReport:
    """`facts` are the latest ones of the job as it was read; older ones may have expired."""
    outcome = outcome_of(job)
    tolerated = job.status is JobStatus.COMPLETED_WITH_FAILURES and outcome is JobOutcome.SUCCESS
    return JobReport(
        job=job,
        outcome=outcome,
        outcome_reason=FAILURES_TOLERATED if tolerated else job.ending_reason,
        epochs=_epochs(job, heads, facts),
        sums={
            name: sum(getattr(head.sums, name) for head in heads)
            for name in ("claims", "failures", "expired", "released", "queue_ms", "run_ms")
        },
        failures=_failures(heads),
        facts=tuple(facts),
    )


def _epochs(job: Job, heads: Sequence[Head], facts: Sequence[Fact]) -> tuple[EpochReport, ...]:
    by_epoch: dict[int, list[Fact]] = {job.epoch: []}
    for fact in facts:
        by_epoch.setdefault(fact.epoch, []).append(fact)
    epochs: list[EpochReport] = []
    for epoch in sorted(by_epoch):
        sealed_at = epochs[-1].sealed_at if epochs else None
        if epoch == job.epoch:
            epochs.append(_latest(job, heads))
        else:
            starts = epoch > 1 or not job.spec.waits_for_start
            epochs.append(_earlier(epoch, by_epoch[epoch], sealed_at, starts=starts))
    return tuple(epochs)


def _latest(job: Job, heads: Sequence[Head]) -> EpochReport:
    """By the header, which is there as long as the job."""
    finished_at, never_started = job.finished_at, job.scheduled or _unstarted(job)
    return EpochReport(
        epoch=job.epoch,
        status=job.status,
        counts=job.counts_at_verdict if job.finished else total(heads),
        opened_at=job.spec.created_at if job.epoch == 1 else job.opened_at,
        started_at=None if never_started else job.opened_at,
        sealed_at=job.sealed_at,
        finished_at=finished_at,
        duration_ms=None if finished_at is None else max(0, finished_at - job.opened_at),
    )


def _unstarted(job: Job) -> bool:
    """Whether it ended before its start."""
    return job.spec.waits_for_start and job.started_at is None


def _earlier(
    epoch: int, facts: Sequence[Fact], sealed_before: int | None, *, starts: bool
) -> EpochReport:
    """By its facts, the last of which is its verdict; whether it `starts` when it is opened."""
    verdict = facts[-1]
    times = {fact.kind: fact.at for fact in facts}
    sealed_at = times.get(FactKind.SEALED)
    if sealed_at is None and verdict.status in _COMPLETED:
        # A retry reopened the job, and left it sealed.
        sealed_at = sealed_before
    opened_at = times.get(FactKind.CREATED, times.get(FactKind.REOPENED))
    return EpochReport(
        epoch=epoch,
        status=verdict.status,
        counts=verdict.counts,
        opened_at=opened_at,
        started_at=opened_at if starts else times.get(FactKind.STARTED),
        sealed_at=sealed_at,
        finished_at=verdict.at if verdict.kind in _VERDICTS else None,
        duration_ms=verdict.duration_ms if verdict.kind in _VERDICTS else None,
    )


def _failures(heads: Sequence[Head]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for head in heads:
        counts.update(dict(head.failures))
    return tuple((name, number) for name, number in counts.most_common() if number > 0)
