"""The ledger's answers as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

JsonObject = Mapping[str, Any]
Row = TypeVar("Row")
# Of rejected items, so many are listed with their reasons.
MOST_REJECTIONS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongField:
    """A field of a request that breaks a rule, or that the ledger does not know and ignores."""

    field: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job's status; `raw` is the whole answer, with fields that this version does not know."""

    job_id: str
    name: str
    status: str
    lanes: int
    epoch: int = 1
    sealed: bool = False
    total: int = 0
    pending: int = 0
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0
    # Items that failed and are not finished.
    retrying: int = 0
    is_complete: bool = False
    # The final status, when it is certain but the job is still being closed.
    ending: str | None = None
    # Whether items that were canceled with the job are still being resumed.
    resuming: bool = False
    # Whether it grants no claims: it is scheduled or paused.
    held: bool = False
    reason: str | None = None
    # Completed and failed items, 0 to 1, rounded down.
    progress: float = 0.0
    items_per_second: float | None = None
    eta_seconds: float | None = None
    # For how long no item was finished; None while items are.
    unchanged_seconds: float | None = None
    expected_items: int | None = None
    created_at: datetime | None = None
    # When it is, or was, to start; when it did.
    execute_at: datetime | None = None
    started_at: datetime | None = None
    # When a pause ends by itself.
    paused_until: datetime | None = None
    sealed_at: datetime | None = None
    completed_at: datetime | None = None
    deadline_at: datetime | None = None
    metadata: JsonObject = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    # The caller's own name of the job; and the job that it names since this one ended badly.
    job_key: str | None = None
    job_key_moved_to: str | None = None
    # Of the call that returned it: fields that the ledger ignored.
    warnings: tuple[WrongField, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_finished(self) -> bool:
        """Whether it has completed, failed or been canceled."""
        return self.status not in ("SCHEDULED", "RUNNING")


# How a caller names a job: by its id, or by a Job from an earlier answer.
JobRef = str | Job


def job_id_of(job: JobRef) -> str:
    return job.job_id if isinstance(job, Job) else job


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    item_id: str
    state: str
    attempt: int = 0
    # Of a job that dispatches: which dispatch the latest claim was for.
    dispatch: int | None = None
    kind: str | None = None
    group: str | None = None
    worker_id: str | None = None
    payload: Any = None
    result: Any = None
    error: JsonObject | None = None
    lease_until: datetime | None = None
    due_at: datetime | None = None
    created_at: datetime | None = None
    claimed_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime | None = None
    history: tuple["Event", ...] = ()
    # For earlier history, if it is too long for one answer.
    next_cursor: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the journal."""

    type: str
    at: datetime | None = None
    item_id: str | None = None
    lane: int | None = None
    offset: int | None = None
    attempt: int | None = None
    dispatch: int | None = None
    worker_id: str | None = None
    # Who asked for it over HTTP.
    client_id: str | None = None
    reason: str | None = None
    error: JsonObject | None = None
    # Unknown fields of its command.
    ignored: tuple[str, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of the next page; a journal's last cursor is for later events."""

    rows: tuple[Row, ...]
    cursor: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    type: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionCount:
    """Commands of one kind that were rejected for one reason, and the latest of them."""

    command: str
    reason: str
    count: int
    latest_item_id: str
    latest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundItems:
    """The number of matches among the scanned items, and the first few of them by time."""

    count: int = 0
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a job is not done."""

    job_id: str
    status: str
    reasons: tuple[str, ...] = ()
    is_complete: bool = False
    # Why it failed or was canceled: `tolerance`, `deadline`, `canceled` or `idle`.
    reason: str | None = None
    total: int = 0
    pending: int = 0
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0
    # Items that failed and are not finished.
    retrying: int = 0
    expected_items: int | None = None
    deadline_at: datetime | None = None
    # When a scheduled job is to start, and when a pause ends by itself.
    execute_at: datetime | None = None
    paused_until: datetime | None = None
    lagging_lanes: tuple[int, ...] = ()
    oldest_in_progress: tuple[Item, ...] = ()
    expired_leases: FoundItems = FoundItems()
    due_later: FoundItems = FoundItems()
    next_due_at: datetime | None = None
    # Failed items by type of error; and those that failed before and are not finished.
    failures: tuple[FailureCount, ...] = ()
    retries: tuple[FailureCount, ...] = ()
    # From the latest events, without those that hold nothing up; of a finished job, since its end.
    rejections: tuple[RejectionCount, ...] = ()
    # What is said of items is true of those scanned; a cursor leads to the others, if there are
    # any that may matter.
    items_scanned: int = 0
    items_total: int = 0
    scan_complete: bool = True
    next_cursor: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswer:
    """The ledger's answer to a command over HTTP."""

    outcome: str
    reason: str | None = None
    item: Item | None = None
    # Fields that the ledger ignored.
    warnings: tuple[WrongField, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_rejected(self) -> bool:
        return self.outcome == "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An item that was not registered, and why."""

    item_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How many items were new, known before, or rejected; summed over all chunks."""

    registered: int = 0
    already_existed: int = 0
    rejected: int = 0
    # The first of the rejected ones, at most MOST_REJECTIONS.
    rejections: tuple[Rejection, ...] = ()
    # Fields that the ledger ignored.
    warnings: tuple[WrongField, ...] = ()

    @property
    def sent(self) -> int:
        return self.registered + self.already_existed + self.rejected

    def __add__(self, other: "Registration") -> "Registration":
        return Registration(
            registered=self.registered + other.registered,
            already_existed=self.already_existed + other.already_existed,
            rejected=self.rejected + other.rejected,
            rejections=(self.rejections + other.rejections)[:MOST_REJECTIONS],
            warnings=tuple(dict.fromkeys(self.warnings + other.warnings)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An RFC 9457 problem document."""

    status: int
    code: str
    title: str = ""
    detail: str = ""
    errors: tuple[WrongField, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)
