"""A step of a job's life cycle: a change of its header with the facts that tell of it."""

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts


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


def step_to(
    job: Job,
    kind: FactKind,
    now: int,
    counts: Counts,
    reason: str | None = None,
    *,
    client_id: str | None = None,
) -> Step:
    """The step to this job, with the fact of its change."""
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
        paused_until=job.paused_until if kind is FactKind.PAUSED else None,
    )
    return Step(job=replace(job, facts=job.facts + 1), facts=(fact,))
