"""How a job went, as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from forgeledger.sdk.records import Event, FailureCount, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochReport:
    """One run of a job: the first, and one more each time it was reopened."""

    epoch: int
    status: str
    opened_at: datetime | None = None
    started_at: datetime | None = None
    sealed_at: datetime | None = None
    finished_at: datetime | None = None
    # By state, with `total`.
    counts: Mapping[str, int] = field(default_factory=dict)
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a job went; until it is finished, what is known so far."""

    job_id: str
    name: str
    status: str
    client_id: str | None = None
    final: bool = False
    # SUCCESS, FAILED or CANCELED.
    outcome: str | None = None
    outcome_reason: str | None = None
    # Oldest first.
    epochs: tuple[EpochReport, ...] = ()
    # Of all items in all epochs.
    claims: int = 0
    failures: int = 0
    expired: int = 0
    released: int = 0
    queue_ms: int = 0
    run_ms: int = 0
    failures_by_type: tuple[FailureCount, ...] = ()
    events: tuple[Event, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)
