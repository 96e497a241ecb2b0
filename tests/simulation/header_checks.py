"""A job's header must be what its facts give, with counts that the lanes really had."""

from typing import Any

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lanes import Counts, LaneMode
from tests.simulation.hold_checks import waits_for_start


def created_job(job: Job, fact: Fact) -> Job:
    """The job after its first fact."""
    waits, has_time = waits_for_start(job.spec), job.spec.execute_at is not None
    return Job(
        spec=job.spec,
        status=JobStatus.SCHEDULED if waits else JobStatus.RUNNING,
        held=waits,
        started_at=fact.at if has_time and not waits else None,
        opened_at=fact.at,
        facts=1,
        renewed_since=job.spec.created_at,
    )


def job_after(before: Job, fact: Fact, after: Job) -> Job:
    """The job after a fact; only fields that no fact determines are taken from `after`."""
    return replace(
        before,
        facts=before.facts + 1,
        renewed_since=after.renewed_since,
        rows_lost=after.rows_lost,
        **_changed(before, fact, after),
    )


def _changed(before: Job, fact: Fact, after: Job) -> dict[str, Any]:
    match fact.kind:
        case FactKind.SEALED:
            return {
                "mode": LaneMode.SEALED,
                "gate": before.gate + 1,
                "gate_client_id": fact.client_id,
                "sealed_at": fact.at,
            }
        case FactKind.STARTED | FactKind.PAUSED | FactKind.RESUMED:
            return _hold_changed(before, fact)
        case FactKind.FIRST_FAILURE:
            return {"first_failure_epoch": before.epoch}
        case FactKind.IDLE:
            return {"idle_at": fact.at}
        case FactKind.CLOSING:
            canceled = fact.reason in ("canceled", "idle")
            return {
                "mode": LaneMode.CLOSED,
                "gate": before.gate + 1,
                "gate_client_id": fact.client_id,
                "ending": JobStatus.CANCELED if canceled else JobStatus.FAILED,
                "ending_reason": fact.reason,
                "resume_gate": 0,
                "held": False,
                "paused_until": None,
            }
        case FactKind.ITEMS_RESUMED:
            return {"resume_gate": 0}
        case FactKind.REOPENED:
            # The fact does not say whether a retry reopened the job, which leaves it sealed.
            sealed = after.mode is LaneMode.SEALED
            # Nor whether its items are resumed.
            resumes = after.resumed_epoch == before.epoch + 1
            return {
                "resume_gate": before.gate + 1 if resumes else 0,
                "resumed_epoch": after.resumed_epoch if resumes else before.resumed_epoch,
                "status": JobStatus.RUNNING,
                "epoch": before.epoch + 1,
                "gate": before.gate + 1,
                "gate_client_id": fact.client_id,
                "mode": LaneMode.SEALED if sealed else LaneMode.OPEN,
                "ending_reason": None,
                "opened_at": fact.at,
                "started_at": fact.at
                if before.spec.execute_at is not None and before.started_at is None
                else before.started_at,
                "sealed_at": before.sealed_at if sealed else None,
                "finished_at": None,
            }
        case _:
            return {
                "status": fact.status,
                "held": False,
                "paused_until": None,
                "ending": None,
                "ending_reason": fact.reason,
                "finished_at": fact.at,
                "counts_at_verdict": fact.counts,
            }


def _hold_changed(before: Job, fact: Fact) -> dict[str, Any]:
    gate = {"gate": before.gate + 1, "gate_client_id": fact.client_id}
    if fact.kind is FactKind.PAUSED:
        # The lanes of a job that is paused already are held.
        return {"held": True, "paused_until": fact.paused_until, **({} if before.held else gate)}
    changed = gate | {"held": False, "paused_until": None}
    if fact.kind is FactKind.STARTED:
        changed |= {"status": JobStatus.RUNNING, "started_at": fact.at, "opened_at": fact.at}
    return changed


def had_counts(facts: list[Fact], fact: Fact, lane_counts: list[Counts]) -> bool:
    """Whether the job's only lane had the fact's counts since those of the previous fact."""
    if fact.kind is FactKind.CREATED:
        return fact.counts == Counts()
    # The lane may have had the same counts again and again: each fact is looked for as early as it
    # can have been decided.
    start = 0
    for earlier in facts[: fact.number]:
        if earlier.counts in lane_counts[start:]:
            start = lane_counts.index(earlier.counts, start)
    return fact.counts in lane_counts[start:]


def lifecycle_of(job: Job) -> tuple[object, ...]:
    """What changes with a fact only."""
    life = (job.status, job.epoch, job.gate, job.mode, job.ending, job.facts, job.counts_at_verdict)
    hold = (job.held, job.paused_until, job.started_at)
    return (*life, job.resume_gate, job.resumed_epoch, *hold)
