"""What reconciling a job found and did."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was found and done for one job."""

    job_id: str
    # None where the job could not be reconciled.
    status: str | None
    # Lanes whose counts were wrong and are right again.
    drifted_lanes: tuple[int, ...] = ()
    # Lanes whose counts were wrong and that moved too fast to be set right.
    busy_lanes: tuple[int, ...] = ()
    # The lane to go on with; None when all were counted, or none was to be.
    next_lane: int | None = None
    told: int = 0
    # Its rows are about to vanish although it runs.
    kept_late: bool = False
    error: str | None = None
