"""A job's life cycle: steps on request, and steps that follow from the counts of its lanes."""

from collections.abc import Sequence

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job, JobSpec, JobStatus
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode

# How long before an idle job is canceled that is announced, unless its limit is very short.
_NOTICE_MS = 24 * 3_600 * 1_000
_IDLE = "idle"


@fast_frozen
class Step:
    """The next step of a job: a change of its header with its facts, or lanes that lag.

    With `checks_counts` the change depends on the counts: those of no head may have changed since.
    With `checks_offsets` nothing at all may have been committed since, as a heartbeat may be.
    """

    job: Job
    facts: tuple[Fact, ...] = ()
    checks_counts: bool = False
    checks_offsets: bool = False
    lagging: tuple[int, ...] = ()


def create(spec: JobSpec, client_id: str | None = None) -> tuple[Job, tuple[Head, ...], Fact]:
    """A new job, the heads of its lanes, and the fact of its creation."""
    now = spec.created_at
    job = Job(spec=spec, opened_at=now, renewed_since=now)
    created = _step(job, FactKind.CREATED, now, Counts(), client_id=client_id)
    return created.job, genesis(spec), created.facts[0]


def genesis(spec: JobSpec) -> tuple[Head, ...]:
    """The heads before any event, where replaying a journal starts."""
    return tuple(
        Head(job_id=spec.job_id, lane=lane, rules=spec.rules) for lane in range(spec.lanes)
    )


def total(heads: Sequence[Head]) -> Counts:
    return sum((head.counts for head in heads[1:]), heads[0].counts)


def total_retrying(heads: Sequence[Head]) -> int:
    return sum(head.sums.retrying for head in heads)


def seal(job: Job, counts: Counts, now: int, client_id: str | None = None) -> Step:
    """No more items; no change if the job is sealed already."""
    if job.sealed:
        return Step(job=job)
    sealed = replace(
        job, mode=LaneMode.SEALED, gate=job.gate + 1, gate_client_id=client_id, sealed_at=now
    )
    return _step(sealed, FactKind.SEALED, now, counts, client_id=client_id)


def cancel(job: Job, counts: Counts, now: int, client_id: str | None = None) -> Step:
    """End a running job; no change if it is finished or ending."""
    if job.finished or job.ending is not None:
        return Step(job=job)
    return _closing(job, JobStatus.CANCELED, "canceled", counts, now, client_id=client_id)


def reopen(
    job: Job,
    now: int,
    *,
    mode: LaneMode = LaneMode.OPEN,
    client_id: str | None = None,
    resume: bool = False,
) -> Step:
    """Run a finished job again; `mode` is what its lanes follow: unsealed, unless by a retry.

    With `resume` a lane follows only after the items that its closing canceled are resumed.
    """
    if not job.finished:
        return Step(job=job)
    reopened = replace(
        job,
        status=JobStatus.RUNNING,
        epoch=job.epoch + 1,
        gate=job.gate + 1,
        mode=mode,
        gate_client_id=client_id,
        resume_gate=job.gate + 1 if resume else 0,
        resumed_epoch=job.epoch + 1 if resume else job.resumed_epoch,
        ending=None,
        ending_reason=None,
        opened_at=now,
        sealed_at=job.sealed_at if mode is LaneMode.SEALED else None,
        finished_at=None,
    )
    return _step(reopened, FactKind.REOPENED, now, job.counts_at_verdict, client_id=client_id)


def next_step(job: Job, heads: Sequence[Head], now: int) -> Step:
    """The next step that follows from the lanes; without facts and lagging lanes there is none."""
    lagging = tuple(head.lane for head in heads if head.gate < job.gate)
    if job.finished:
        return Step(job=job, lagging=lagging)
    counts = total(heads)
    if counts.failings > job.counts_at_verdict.failings and job.first_failure_epoch < job.epoch:
        noted = replace(job, first_failure_epoch=job.epoch)
        return _step(noted, FactKind.FIRST_FAILURE, now, counts)
    if job.ending is not None:
        if lagging:
            return Step(job=job, lagging=lagging)
        # Its latest step was the closing: who asked for that asked for this verdict.
        asked = job.gate_client_id
        return _verdict(job, job.ending, counts, now, job.ending_reason, client_id=asked)
    if job.resume_gate and all(head.gate >= job.resume_gate for head in heads):
        return _step(replace(job, resume_gate=0), FactKind.RESUMED, now, counts)
    if not job.sealed and _expected_items_came(job, counts):
        return seal(job, counts, now)
    if job.sealed and not lagging and counts.unfinished == 0:
        return _completed(job, counts, now)
    reason = _early_failure(job, counts, now)
    if reason is not None:
        return _closing(job, JobStatus.FAILED, reason, counts, now)
    return Step(job=job, lagging=lagging)


def idle_step(job: Job, counts: Counts, last_commit_at: int, now: int, limit_ms: int) -> Step:
    """Announce that an unsealed job will be canceled for idleness, a day later cancel it.

    Without a limit it never is. A commit after the announcement starts all of it again, and so does
    a later end, where the deployment got a longer limit since.
    """
    if not limit_ms or job.sealed or job.finished:
        return Step(job=job)
    notice_ms = min(_NOTICE_MS, limit_ms // 2)
    due_at = last_commit_at + limit_ms - notice_ms
    if job.idle_at is None or job.idle_at < due_at:
        if now < due_at:
            return Step(job=job)
        step = _step(replace(job, idle_at=now), FactKind.IDLE, now, counts, _IDLE)
    elif now < job.idle_at + notice_ms:
        return Step(job=job)
    else:
        step = _closing(job, JobStatus.CANCELED, _IDLE, counts, now)
    # Something may be committed at this very moment.
    return replace(step, checks_counts=True, checks_offsets=True)


def job_wake_at(job: Job) -> int | None:
    """When the job has to be looked at by what its header says, even if nothing happens before."""
    return None if job.finished or job.ending is not None else job.deadline_at


def seals_itself(job: Job) -> bool:
    """Whether the job seals itself when its expected items are known."""
    expected = job.spec.expected_items
    if expected is None:
        return False
    # A job reopened with all of them takes more items until it is sealed again.
    return job.epoch == 1 or job.counts_at_verdict.total < expected


def _expected_items_came(job: Job, counts: Counts) -> bool:
    return seals_itself(job) and counts.total >= (job.spec.expected_items or 0)


def _early_failure(job: Job, counts: Counts, now: int) -> str | None:
    """Why a running job has failed already, if it has."""
    if job.deadline_at is not None and now >= job.deadline_at:
        return "deadline"
    # The failures that a job was reopened with do not fail it again.
    if counts.failed <= job.counts_at_verdict.failed:
        return None
    # A percentage needs a total that will not grow.
    expected = job.spec.expected_items or 0
    known = max(counts.total, expected) if job.sealed or expected else None
    return "tolerance" if job.spec.tolerance.exceeded_by(counts.failed, known) else None


def _completed(job: Job, counts: Counts, now: int) -> Step:
    if job.spec.tolerance.exceeded_by(counts.failed, counts.total):
        return _verdict(job, JobStatus.FAILED, counts, now, "tolerance")
    failed = counts.failed or counts.canceled
    status = JobStatus.COMPLETED_WITH_FAILURES if failed else JobStatus.COMPLETED
    return _verdict(job, status, counts, now, None)


def _closing(
    job: Job,
    verdict: JobStatus,
    reason: str,
    counts: Counts,
    now: int,
    *,
    client_id: str | None = None,
) -> Step:
    closing = replace(
        job,
        mode=LaneMode.CLOSED,
        gate=job.gate + 1,
        gate_client_id=client_id,
        # The lanes are closed as they are, with the rest of their items.
        resume_gate=0,
        ending=verdict,
        ending_reason=reason,
    )
    return _step(closing, FactKind.CLOSING, now, counts, reason, client_id=client_id)


_VERDICT_FACTS = {
    JobStatus.COMPLETED: FactKind.COMPLETED,
    JobStatus.COMPLETED_WITH_FAILURES: FactKind.COMPLETED,
    JobStatus.FAILED: FactKind.FAILED,
    JobStatus.CANCELED: FactKind.CANCELED,
}


def _verdict(
    job: Job,
    status: JobStatus,
    counts: Counts,
    now: int,
    reason: str | None,
    *,
    client_id: str | None = None,
) -> Step:
    finished = replace(
        job,
        status=status,
        ending=None,
        ending_reason=reason,
        finished_at=now,
        counts_at_verdict=counts,
    )
    step = _step(finished, _VERDICT_FACTS[status], now, counts, reason, client_id=client_id)
    return replace(step, checks_counts=True)


def _step(
    job: Job,
    kind: FactKind,
    now: int,
    counts: Counts,
    reason: str | None = None,
    *,
    client_id: str | None = None,
) -> Step:
    """The job with the fact of its change."""
    fact = Fact(
        number=job.facts,
        kind=kind,
        epoch=job.epoch,
        at=now,
        status=job.status,
        counts=counts,
        # Clocks differ a little; a duration is never negative.
        duration_ms=max(0, now - job.opened_at),
        reason=reason,
        client_id=client_id,
    )
    return Step(job=replace(job, facts=job.facts + 1), facts=(fact,))
