"""Work on open jobs that a schedule or an operator asks for, and what came of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileJob:
    """Advance one job and publish its facts; with `recount` from its items, lane by lane."""

    job_id: str
    recount: bool = False
    from_lane: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOpenJobs:
    """The same for all open jobs, after the job `after`."""

    recount: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class RunRound:
    """The scheduled pass over all open jobs, which also extends their retention."""


MaintenanceRequest = ReconcileJob | ReconcileOpenJobs | RunRound


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was found and done for one job."""

    job_id: str
    # None where the job could not be reconciled.
    status: str | None
    # Lanes whose counts were wrong and were corrected.
    drifted_lanes: tuple[int, ...] = ()
    # Lanes whose counts were wrong and that changed too fast to be corrected.
    busy_lanes: tuple[int, ...] = ()
    # The lane to continue with; None when all were counted, or none was to be.
    next_lane: int | None = None
    events_published: int = 0
    # How late its time was found; None where none was due.
    late_ms: int | None = None
    # Whether the TTL of its rows has to be extended, as far as is known.
    retention_due: bool = True
    # Its rows are about to expire although it runs.
    retention_late: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceReport:
    jobs: tuple[Reconciled, ...]
    # The job after which the same request continues; None at the end.
    after: str | None = None
    # Of a round: whether it reached the end of the open jobs.
    round_complete: bool | None = None
