"""A set of items that is finished together: its specification and its life cycle."""

from dataclasses import dataclass
from enum import StrEnum

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules

_DAY_MS = 24 * 3_600 * 1_000
# What giving a later time to all rows of a very large job may take; of short-lived ones less.
_KEEPING_TAKES_MS = _DAY_MS
# Clocks differ: what is said of vanishing rows is said this much earlier.
_CLOCKS_DIFFER_MS = 3_600 * 1_000


class JobStatus(StrEnum):
    # Reserved for jobs that wait for their time: none does yet, but clients know the word.
    SCHEDULED = "SCHEDULED"
    # Takes work. Left by completion, failure and cancel.
    RUNNING = "RUNNING"
    # Sealed, and every item completed. Left by reopen.
    COMPLETED = "COMPLETED"
    # Sealed, every item finished, failures within the tolerance. Left by reopen and retry.
    COMPLETED_WITH_FAILURES = "COMPLETED_WITH_FAILURES"
    # Too many failures, or its deadline passed. Left by reopen and retry.
    FAILED = "FAILED"
    # Somebody canceled it. Left by reopen.
    CANCELED = "CANCELED"


FINISHED = frozenset(
    {
        JobStatus.COMPLETED,
        JobStatus.COMPLETED_WITH_FAILURES,
        JobStatus.FAILED,
        JobStatus.CANCELED,
    }
)


class JobPhase(StrEnum):
    """What the retry of an item has to know about its job."""

    RUNNING = "running"
    # The lanes are being closed; the verdict is certain and not yet written.
    ENDING = "ending"
    FINISHED = "finished"
    # Finished so long ago that rows may have vanished: it cannot run again.
    PAST = "past"
    CANCELED = "canceled"


@fast_frozen
@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How many failures a job takes before it is failed itself; None: any number."""

    failures: int | None = None
    failure_percent: float | None = None

    def exceeded_by(self, failed: int, total: int) -> bool:
        if self.failures is not None and failed > self.failures:
            return True
        if self.failure_percent is None or failed == 0:
            return False
        return failed * 100 > self.failure_percent * total


@fast_frozen
@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What a job was created with; it never changes."""

    job_id: str
    name: str
    lanes: int
    rules: LaneRules = LaneRules()
    tolerance: Tolerance = Tolerance()
    expected_items: int | None = None
    deadline_seconds: int | None = None
    # JSON text.
    metadata: str = "{}"
    tags: tuple[str, ...] = ()
    created_at: int = 0


@fast_frozen
@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job after its latest fact. The number of facts grows with each change: its version."""

    spec: JobSpec
    status: JobStatus = JobStatus.RUNNING
    epoch: int = 1
    # The turn of the life cycle that every lane has to follow, and the mode it brings.
    gate: int = 0
    mode: LaneMode = LaneMode.OPEN
    # The verdict that waits until every lane is closed, and why.
    ending: JobStatus | None = None
    ending_reason: str | None = None
    facts: int = 0
    # When this epoch began.
    opened_at: int = 0
    sealed_at: int | None = None
    finished_at: int | None = None
    # The epoch whose first failure was told.
    first_failure_epoch: int = 0
    # The counts at the latest verdict: what this epoch began with.
    counts_at_verdict: Counts = Counts()
    # Rows last written before this have been given a later time to vanish.
    renewed_since: int = 0
    # They were given it so late that some may have vanished before; this never changes back.
    rows_lost: bool = False

    @property
    def job_id(self) -> str:
        return self.spec.job_id

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def sealed(self) -> bool:
        return self.mode is not LaneMode.OPEN

    @property
    def deadline_at(self) -> int | None:
        seconds = self.spec.deadline_seconds
        return None if seconds is None else self.opened_at + seconds * 1000

    def phase(self, now: int) -> JobPhase:
        if self.status is JobStatus.CANCELED or self.ending is JobStatus.CANCELED:
            return JobPhase.CANCELED
        if self.ending is not None:
            return JobPhase.ENDING
        if not self.finished:
            return JobPhase.RUNNING
        return JobPhase.PAST if self.retention_over(now) else JobPhase.FINISHED

    @property
    def retention_due(self) -> int | None:
        """When the rows of a job that still runs are to be given a later time to vanish."""
        return self.renewed_since + self._retention_ms // 2 if self._retention_ms else None

    def retention_late(self, now: int) -> bool:
        """Whether that has not been done although rows are about to vanish, or was too late."""
        return not self.finished and self.retention_over(now)

    def retention_over(self, now: int) -> bool:
        """Whether too little time is left to keep the rows, so that a job cannot run again."""
        return self._lasts_less_than(min(_KEEPING_TAKES_MS, self._retention_ms // 4), now)

    def rows_may_be_gone(self, now: int) -> bool:
        """Whether counting its items may count too few."""
        return self._lasts_less_than(_CLOCKS_DIFFER_MS, now)

    def _lasts_less_than(self, margin_ms: int, now: int) -> bool:
        end = self.renewed_since + self._retention_ms
        return self.rows_lost or (self._retention_ms > 0 and now >= end - margin_ms)

    @property
    def _retention_ms(self) -> int:
        """How long rows last that were written when the job was last kept; 0: for ever."""
        return self.spec.rules.ttl_days * _DAY_MS
