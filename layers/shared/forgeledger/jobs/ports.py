"""What the use cases need from outside: storage by need, the event bus, the reject queue."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.due_rows import DueKey, DueRow
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.items import Item, UnfinishedItem
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.message import CommandProblem, Message
from forgeledger.jobs.model.progress import LookMove, Progress
from forgeledger.journal.model.log_row import LogRow, Renewed
from forgeledger.repeat import Repeat
from forgeledger.runtime import HasTime

if TYPE_CHECKING:
    # What only creates jobs is not loaded by the intake.
    from forgeledger.jobs.model.creation import SealedCreation
    from forgeledger.jobs.model.job_keys import KeyClaim, KeyHolder

# Where a pass over many jobs stopped, as a JSON object; empty at the beginning.
Checkpoint = Mapping[str, Any]
# The events of one commit.
JournalRow = LogRow[Event]


@fast_frozen
class LaneView:
    """A lane's head and the items asked for, read together and strongly."""

    head: Head
    items: dict[str, Item]
    # The job's header; only where it was asked for.
    job: Job | None = None


@fast_frozen
class JobView:
    """A job's header with the heads of all its lanes, read together and strongly."""

    job: Job
    heads: tuple[Head, ...]
    progress: Progress = Progress()
    # How many of the job's facts were published.
    published: int = 0


@fast_frozen
class JobChange:
    """A change of the header, committed only if the header still has as many facts as before.

    With `heads`, each of these lanes must also still have the same gate and counts; with
    `checks_offsets` the same offset, which each commit changes.
    """

    before: Job
    job: Job
    facts: tuple[Fact, ...]
    heads: tuple[Head, ...] = ()
    checks_offsets: bool = False


@fast_frozen
class ItemPage:
    """Some items of a lane by name, as stored; the next page starts after `next_after`."""

    items: tuple[Item, ...]
    next_after: str | None


@fast_frozen
class LaneScan:
    """A page of a lane: what was read, and the items of it that keep the job from being done."""

    items: tuple[UnfinishedItem, ...]
    items_scanned: int
    read_units: float
    next_after: str | None


class LaneStore(Protocol):
    """A lane's head, items and journal.

    A commit returns False if the state changed since it was read; it raises StorageBusy after a
    bounded number of throttled tries. A commit whose answer was lost is recognised as made.
    """

    def load_lane(
        self, job_id: str, lane: int, item_ids: Sequence[str], *, with_job: bool = False
    ) -> LaneView | None:
        """Head and items in one read; None where there is no such job."""

    def commit_lane(
        self,
        commit: Commit,
        commit_id: str,
        *,
        reopening: JobChange | None = None,
        running: Job | None = None,
    ) -> bool:
        """One transaction: items, head, one journal row; with it, the reopening of the job.

        With `running`, the job's header must have no more facts than given.
        """

    def list_items(
        self, job_id: str, lane: int, after: str | None, limit: int, *, one_page: bool = False
    ) -> ItemPage:
        """Items of a lane by name, after the item `after`; strongly consistent.

        With `one_page` at most 1 MB of them, however many are left.
        """

    def scan_items(self, head: Head, after: str | None, now: int, *, consistent: bool) -> LaneScan:
        """The next 1 MB of a lane's items by name; not `consistent`, it costs half.

        Answered are items in progress, and pending ones that failed before or are due after `now`.
        How many others are pending is in the head.
        """

    def read_journal(self, job_id: str, lane: int, offset: int, limit: int) -> Sequence[JournalRow]:
        """Up to `limit` rows in order, from the row that holds the event at `offset` on."""

    def journal_time(self, job_id: str, lane: int, offset: int) -> int:
        """The time of the row that holds the event at `offset`, without reading its events.

        If that has expired, the time of an earlier one, or 0.
        """


class DueRows(Protocol):
    """When a lane's pending items may be handed out; each commit writes those of its events."""

    def list_due(self, job_id: str, lane: int, limit: int) -> Sequence[DueRow]:
        """Up to `limit` of them, the earliest first; strongly consistent."""

    def read_due(self, keys: Sequence[DueKey]) -> Sequence[tuple[int, DueRow]]:
        """Those of these rows that are there, each with its lane."""

    def delete_due(self, keys: Sequence[DueKey]) -> None:
        """Those that are gone already are passed over. Raises StorageBusy as a commit does."""


class JobStore(Protocol):
    """A job's header and progress; a commit returns as a lane's does."""

    def create_job(
        self,
        job: Job,
        heads: Sequence[Head],
        fact: Fact,
        look_at: int | None = None,
        claim: "KeyClaim | None" = None,
    ) -> bool:
        """One transaction: header, heads, the first fact, and the job's key if it has one.

        With `look_at` also the progress, which says when to look at the job. False, and nothing
        changes, if the job exists already or another one has the key.
        """

    def create_sealed_job(
        self,
        creation: "SealedCreation",
        look_at: int | None = None,
        claim: "KeyClaim | None" = None,
    ) -> bool:
        """One transaction: the job, sealed, with items and key; False as for `create_job`."""

    def key_holder(self, client_id: str, job_key: str) -> "KeyHolder | None":
        """The job that a client's key names; strongly consistent."""

    def load_job(self, job_id: str) -> JobView | None:
        """Header, heads and progress in one read."""

    def commit_job(self, change: JobChange) -> bool:
        """One transaction: the header, its new facts, and the checks of the heads."""

    def roll_up(self, job: Job, progress: Progress, move: LookMove | None = None) -> bool:
        """Store the progress unless a later one is stored; never in conflict with a change.

        With `move`, and with it when to look next: only if that is as it was read, and nobody
        stored it who knew more facts.
        """


class AfterAdvance(Protocol):
    """What follows when a job has been advanced."""

    def run(self, view: JobView, has_time: HasTime) -> int | None:
        """Do what is due by now; when the job must be looked at again for that."""


class FactStore(Protocol):
    """A job's facts, which are also the outbox of its events."""

    def read_facts(self, job_id: str, number: int, limit: int) -> tuple[Fact, ...]:
        """Up to `limit` facts in order from this number on; strongly consistent."""

    def mark_published(self, job_id: str, published: int, *, done: bool) -> None:
        """Record that the facts below this number were published; never backwards.

        With `done` the job leaves the index of open ones, unless it has more facts by now.
        """


class JobLists(Protocol):
    def list_open(self, after: str | None, limit: int) -> tuple[tuple[str, ...], str | None]:
        """Ids of jobs that run or have unpublished facts, in an order that does not change.

        Those after `after`, and where to continue.
        """

    def list_jobs(
        self,
        status: JobStatus | None,
        tag: str | None,
        before: str | None,
        limit: int,
        *,
        name: str | None = None,
    ) -> tuple[tuple[JobView, ...], str | None]:
        """Headers with progress, newest first, below the job id `before`; and where to continue.

        A page may hold fewer than `limit` jobs while there are more, when a tag or name filters.
        """


class Retention(Protocol):
    def renew(self, job_id: str, lane: int, after: str | None, limit: int, ttl: int) -> Renewed:
        """Give up to `limit` item and journal rows a later TTL, never an earlier one."""

    def mark_renewed(self, job_id: str, at: int, *, lost: bool) -> None:
        """Record in the header that all rows were renewed, or that some were `lost` before."""


class Checkpoints(Protocol):
    def load_checkpoint(self, work: str) -> Checkpoint:
        """Where this work stopped; empty if it has not begun."""

    def save_checkpoint(self, work: str, checkpoint: Checkpoint) -> None:
        """Record where it resumes; a later call replaces it."""


class LedgerStore(
    LaneStore, DueRows, JobStore, FactStore, JobLists, Retention, Checkpoints, Protocol
):
    """All of the storage: one table, and so one object, serves every port above."""


class EventPublisher(Protocol):
    def publish(self, job: Job, facts: Sequence[Fact], has_time: HasTime) -> None:
        """Publish all the facts or raise; publishing one again is harmless.

        In order, except for events that the bus refuses at first and accepts later.
        """


class JobIdClaims(Protocol):
    """Records, before a job is created, which job id belongs to an idempotency key."""

    def claim(self, repeat: Repeat, job_id: str) -> str:
        """The id first claimed with this key: this one, unless the request is repeated.

        Raises IdempotencyKeyReused if the first request with the key was a different one.
        """


class CommandQueue(Protocol):
    def delay(self, messages: Sequence[tuple[Message, int]]) -> None:
        """Redeliver each message after so many seconds, or raise; then the queue decides."""


class RejectQueue(Protocol):
    def put(self, message: Message, problems: Sequence[CommandProblem], has_time: HasTime) -> bool:
        """Store a message with the reasons, whole if possible, or raise; safe to repeat.

        False: the queue takes only a part of it.
        """
