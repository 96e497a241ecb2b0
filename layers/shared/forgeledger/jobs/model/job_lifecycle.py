"""A job's life cycle: steps on request, and steps that follow from the counts of its lanes."""

from collections.abc import Sequence

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.commands import FollowGate
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.job_hold import due_release
from forgeledger.jobs.model.job_step import Step, step_to
from forgeledger.jobs.model.jobs import Job, JobSpec, JobStatus
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode

# How long before an idle job is canceled that is announced, unless its limit is very short.
_NOTICE_MS = 24 * 3_600 * 1_000
_IDLE = "idle"


def create(spec: JobSpec, client_id: str | None = None) -> tuple[Job, tuple[Head, ...], Fact]:
    """A new job, the heads of its lanes, and the fact of its creation."""
    now = spec.created_at
    job = Job(spec=spec, opened_at=now, renewed_since=now)
    if spec.waits_for_start:
        job = replace(job, status=JobStatus.SCHEDULED, held=True)
    elif spec.execute_at is not None:
        job = replace(job, started_at=now)
    created = step_to(job, FactKind.CREATED, now, Counts(), client_id=client_id)
    return created.job, genesis(spec), created.facts[0]


def genesis(spec: JobSpec) -> tuple[Head, ...]:
    """The heads before any event, where replaying a journal starts."""
    return tuple(
        Head(job_id=spec.job_id, lane=lane, rules=spec.rules, held=spec.waits_for_start)
        for lane in range(spec.lanes)
    )


def total(heads: Sequence[Head]) -> Counts:
    return sum((head.counts for head in heads[1:]), heads[0].counts)


def total_retrying(heads: Sequence[Head]) -> int:
    return sum(head.sums.retrying for head in heads)


def gate_of(job: Job) -> FollowGate:
    """What its lanes have to follow."""
    return FollowGate(gate=job.gate, mode=job.mode, held=job.held)


def seal(job: Job, counts: Counts, now: int, client_id: str | None = None) -> Step:
    """No more items; no change if the job is sealed already."""
    if job.sealed:
        return Step(job=job)
    sealed = replace(
        job, mode=LaneMode.SEALED, gate=job.gate + 1, gate_client_id=client_id, sealed_at=now
    )
    return step_to(sealed, FactKind.SEALED, now, counts, client_id=client_id)


def cancel(job: Job, counts: Counts, now: int, client_id: str | None = None) -> Step:
    """End a scheduled or running job; no change if it is finished or ending."""
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
        started_at=now if job.spec.execute_at and not job.started_at else job.started_at,
        sealed_at=job.sealed_at if mode is LaneMode.SEALED else None,
        finished_at=None,
    )
    return step_to(reopened, FactKind.REOPENED, now, job.counts_at_verdict, client_id=client_id)


def next_step(job: Job, heads: Sequence[Head], now: int) -> Step:
    """The next step that follows from the lanes; without facts and lagging lanes there is none."""
    lagging = tuple(head.lane for head in heads if head.gate < job.gate)
    if job.finished:
        return Step(job=job, lagging=lagging)
    counts = total(heads)
    if counts.failings > job.counts_at_verdict.failings and job.first_failure_epoch < job.epoch:
        noted = replace(job, first_failure_epoch=job.epoch)
        return step_to(noted, FactKind.FIRST_FAILURE, now, counts)
    if job.ending is not None:
        return Step(job=job, lagging=lagging) if lagging else _ended(job, job.ending, counts, now)
    released = due_release(job, counts, now)
    if released is not None:
        return released
    if job.resume_gate and all(head.gate >= job.resume_gate for head in heads):
        return step_to(replace(job, resume_gate=0), FactKind.ITEMS_RESUMED, now, counts)
    if not job.sealed and _expected_items_came(job, counts):
        return seal(job, counts, now)
    if job.scheduled:
        # No verdict before its start, neither by its items nor by their failures.
        return Step(job=job, lagging=lagging)
    if job.sealed and not lagging and counts.unfinished == 0:
        return _completed(job, counts, now)
    reason = _early_failure(job, counts, now)
    if reason is not None:
        return _closing(job, JobStatus.FAILED, reason, counts, now)
    return Step(job=job, lagging=lagging)


def idle_step(job: Job, counts: Counts, last_commit_at: int, now: int, limit_ms: int) -> Step:
    """Announce that an unsealed job will be canceled for idleness, a day later cancel it.

    Without a limit it never is, nor is one that is held. A commit after the announcement starts
    all of it again, and so does a later end, where the deployment got a longer limit since.
    """
    if not limit_ms or job.sealed or job.finished or job.held:
        return Step(job=job)
    notice_ms = min(_NOTICE_MS, limit_ms // 2)
    due_at = last_commit_at + limit_ms - notice_ms
    if job.idle_at is None or job.idle_at < due_at:
        if now < due_at:
            return Step(job=job)
        step = step_to(replace(job, idle_at=now), FactKind.IDLE, now, counts, _IDLE)
    elif now < job.idle_at + notice_ms:
        return Step(job=job)
    else:
        step = _closing(job, JobStatus.CANCELED, _IDLE, counts, now)
    # Something may be committed at this very moment.
    return replace(step, checks_counts=True, checks_offsets=True)


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


def _ended(job: Job, verdict: JobStatus, counts: Counts, now: int) -> Step:
    # Its latest step was the closing: who asked for that asked for this verdict.
    asked = job.gate_client_id
    return _verdict(job, verdict, counts, now, job.ending_reason, client_id=asked)


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
        held=False,
        paused_until=None,
        ending=verdict,
        ending_reason=reason,
    )
    return step_to(closing, FactKind.CLOSING, now, counts, reason, client_id=client_id)


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
        held=False,
        paused_until=None,
        ending=None,
        ending_reason=reason,
        finished_at=now,
        counts_at_verdict=counts,
    )
    step = step_to(finished, _VERDICT_FACTS[status], now, counts, reason, client_id=client_id)
    return replace(step, checks_counts=True)
