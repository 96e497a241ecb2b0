"""A set of items that is finished together: its specification and its life cycle."""

from enum import StrEnum
from typing import Final

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules

# Whose jobs are all of them until there are other clients.
OPERATOR: Final = "operator"
_DAY_MS = 24 * 3_600 * 1_000
# The longest that extending the retention of a very large job takes.
_EXTENSION_TAKES_MS = _DAY_MS
# Clocks differ: rows count as expired this much earlier.
_CLOCKS_DIFFER_MS = 3_600 * 1_000


class JobStatus(StrEnum):
    # Waits for its time: takes items, grants no claims. Left by its start and by cancel.
    SCHEDULED = "SCHEDULED"
    # Takes work. Left by completion, failure and cancel.
    RUNNING = "RUNNING"
    # Sealed, and every item completed. Left by reopen.
    COMPLETED = "COMPLETED"
    # Sealed, every item finished, failures within the tolerance. Left by reopen and retry.
    COMPLETED_WITH_FAILURES = "COMPLETED_WITH_FAILURES"
    # Too many failures, or its deadline passed. Left by reopen and retry.
    FAILED = "FAILED"
    # Canceled on request, or because nothing happened for too long. Left by reopen.
    CANCELED = "CANCELED"


FINISHED = frozenset(
    {JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_FAILURES, JobStatus.FAILED, JobStatus.CANCELED}
)


class JobPhase(StrEnum):
    """What the retry of an item needs to know about its job."""

    RUNNING = "running"
    # The lanes are being closed; the verdict is certain and not yet written.
    ENDING = "ending"
    FINISHED = "finished"
    # Finished so long ago that rows may have expired: it cannot run again.
    PAST = "past"
    CANCELED = "canceled"
    # Another job has its key by now, so it cannot run again.
    KEY_MOVED = "key_moved"


@fast_frozen
class Tolerance:
    """How many failures a job tolerates before it fails itself; None: any number."""

    failures: int | None = None
    failure_percent: float | None = None

    def exceeded_by(self, failed: int, total: int | None) -> bool:
        """A percentage is exceeded only where the total is known."""
        if self.failures is not None and failed > self.failures:
            return True
        if self.failure_percent is None or total is None or failed == 0:
            return False
        return failed * 100 > self.failure_percent * total


@fast_frozen
class DispatchSpec:
    """How the ledger hands out a job's items itself."""

    # How many may be out at once; None: as many as there are.
    max_in_flight: int | None = None
    # Of the messages on a standard queue: SQS serves groups in turn.
    fairness_key: str | None = None
    items_per_message: int = 1
    # A queue of the user's own; None: the work queue of the deployment.
    queue_arn: str | None = None

    @property
    def is_fifo(self) -> bool:
        return self.queue_arn is not None and self.queue_arn.endswith(".fifo")


@fast_frozen
class JobSpec:
    """What a job was created with; of it only the limits can be changed while it runs."""

    job_id: str
    name: str
    lanes: int
    rules: LaneRules = LaneRules()
    tolerance: Tolerance = Tolerance()
    # The names of the errors whose numbers stand in the rules.
    permanent_errors: tuple[str, ...] = ()
    expected_items: int | None = None
    deadline_seconds: int | None = None
    # None: its workers get their work in some other way.
    dispatch: DispatchSpec | None = None
    # JSON text.
    metadata: str = "{}"
    tags: tuple[str, ...] = ()
    created_at: int = 0
    client_id: str = OPERATOR
    # The client's own name of the job.
    job_key: str | None = None
    # When it is to start; None: at once.
    execute_at: int | None = None

    @property
    def waits_for_start(self) -> bool:
        """Whether the job is created before its time."""
        return self.execute_at is not None and self.execute_at > self.created_at

    def is_named(self, text: str) -> bool:
        """Whether the name contains the text, whatever its case."""
        return text.casefold() in self.name.casefold()


@fast_frozen
class Job:
    """A job after its latest fact. The number of facts grows with each change: its version."""

    spec: JobSpec
    status: JobStatus = JobStatus.RUNNING
    epoch: int = 1
    # The number of the life cycle's latest step that all lanes have to follow, and its mode.
    gate: int = 0
    mode: LaneMode = LaneMode.OPEN
    # Who asked for that step over HTTP: the lanes and the verdict may follow in another process.
    gate_client_id: str | None = None
    # Whether its lanes grant no claims: it is scheduled or paused.
    held: bool = False
    # When a pause ends by itself; None: it does not, or there is none.
    paused_until: int | None = None
    # When a job with `execute_at` started.
    started_at: int | None = None
    # The verdict that waits until every lane is closed, and why.
    ending: JobStatus | None = None
    ending_reason: str | None = None
    # While items are resumed: the gate that a lane follows once its items are; 0: none are.
    resume_gate: int = 0
    # The latest epoch that began with a resume.
    resumed_epoch: int = 0
    facts: int = 0
    # When this epoch began; in the first, when the job started.
    opened_at: int = 0
    sealed_at: int | None = None
    finished_at: int | None = None
    # The latest epoch whose first failure is a fact.
    first_failure_epoch: int = 0
    # When it was last announced that the job is idle.
    idle_at: int | None = None
    # The counts of the latest verdict; a reopened job starts its epoch with them.
    counts_at_verdict: Counts = Counts()
    # Rows written before this have had their TTL extended.
    renewed_since: int = 0
    # Whether an extension came so late that rows may have expired; never reset.
    rows_lost: bool = False
    # The id of the job that took its key over.
    key_moved: str | None = None

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
    def was_sealed(self) -> bool:
        """Whether somebody sealed it: a closed job takes no items either."""
        return self.mode is LaneMode.SEALED or self.sealed_at is not None

    @property
    def scheduled(self) -> bool:
        return self.status is JobStatus.SCHEDULED

    @property
    def paused(self) -> bool:
        return self.held and not self.scheduled

    @property
    def deadline_at(self) -> int | None:
        """None for a scheduled job, whose deadline counts from its start."""
        seconds = self.spec.deadline_seconds
        return None if seconds is None or self.scheduled else self.opened_at + seconds * 1000

    def phase(self, now: int) -> JobPhase:
        if self.key_moved is not None:
            return JobPhase.KEY_MOVED
        if self.status is JobStatus.CANCELED or self.ending is JobStatus.CANCELED:
            return JobPhase.CANCELED
        if self.ending is not None:
            return JobPhase.ENDING
        if not self.finished:
            return JobPhase.RUNNING
        return JobPhase.PAST if self.retention_over(now) else JobPhase.FINISHED

    @property
    def retention_due(self) -> int | None:
        """When the TTL of a running job's rows is to be extended."""
        return self.renewed_since + self._retention_ms // 2 if self._retention_ms else None

    def needs_extension(self, now: int) -> bool:
        due = self.retention_due
        return not self.finished and due is not None and now >= due

    def retention_late(self, now: int) -> bool:
        """Whether the rows of a running job are about to expire, or may have expired."""
        return not self.finished and self.retention_over(now)

    def retention_over(self, now: int) -> bool:
        """Whether too little time is left to extend the TTL, so that the job cannot run again."""
        return self._expires_within(min(_EXTENSION_TAKES_MS, self._retention_ms // 4), now)

    def rows_may_be_gone(self, now: int) -> bool:
        """Whether rows may have expired, so that counting its items may count too few."""
        return self._expires_within(_CLOCKS_DIFFER_MS, now)

    def _expires_within(self, margin_ms: int, now: int) -> bool:
        end = self.renewed_since + self._retention_ms
        return self.rows_lost or (self._retention_ms > 0 and now >= end - margin_ms)

    @property
    def _retention_ms(self) -> int:
        """How long rows live after their last write or extension; 0: without end."""
        return self.spec.rules.ttl_days * _DAY_MS
