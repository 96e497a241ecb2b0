"""The ledger's answer to a command."""

from enum import StrEnum

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.items import Item


class OutcomeKind(StrEnum):
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Reason(StrEnum):
    UNKNOWN_ITEM = "unknown_item"
    JOB_SEALED = "job_sealed"
    JOB_CLOSED = "job_closed"
    JOB_CANCELED = "job_canceled"
    JOB_FINISHED = "job_finished"
    JOB_RUNNING = "job_running"
    JOB_HELD = "job_held"
    JOB_SCHEDULED = "job_scheduled"
    RETENTION_OVER = "retention_over"
    JOB_KEY_REUSED = "job_key_reused"
    LEASE_HELD = "lease_held"
    NOT_DUE = "not_due"
    STALE_ATTEMPT = "stale_attempt"
    UNKNOWN_ATTEMPT = "unknown_attempt"
    NOT_IN_PROGRESS = "not_in_progress"
    NOT_FAILED = "not_failed"
    ALREADY_COMPLETED = "already_completed"
    ALREADY_FAILED = "already_failed"
    ALREADY_CANCELED = "already_canceled"


@fast_frozen
class Outcome:
    kind: OutcomeKind
    reason: Reason | None = None
    # The item after the command; None if it does not exist.
    item: Item | None = None
