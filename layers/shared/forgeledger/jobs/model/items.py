"""One unit of work in a job."""

from enum import StrEnum

from forgeledger.fast_dataclass import fast_frozen


class ItemState(StrEnum):
    # Waits for a claim, or for its due time. Left by claim, complete, fail, cancel.
    PENDING = "PENDING"
    # Claimed by a worker. Left by complete, fail, release, expire and cancel.
    IN_PROGRESS = "IN_PROGRESS"
    # Done; nothing leaves it.
    COMPLETED = "COMPLETED"
    # Failed for good; only retry leaves it.
    FAILED = "FAILED"
    # Canceled by itself, or with its lane. Only resume leaves it, if it was with its lane.
    CANCELED = "CANCELED"


UNFINISHED = frozenset({ItemState.PENDING, ItemState.IN_PROGRESS})


@fast_frozen
class Failure:
    """Why an item failed, as reported by its worker."""

    type: str
    message: str = ""
    retryable: bool = True


@fast_frozen
class Item:
    """An item after its latest event. Times are milliseconds since 1970, texts are JSON."""

    item_id: str
    state: ItemState
    # The latest claim; a command with an earlier one comes from a former owner.
    attempt: int = 0
    # Attempts that do not count against the policy: released, resumed, or from before a retry.
    forgiven: int = 0
    # The latest attempt whose failure is recorded.
    failed_attempt: int = 0
    worker_id: str | None = None
    lease_until: int | None = None
    due_at: int | None = None
    # Which dispatch the latest claim was for, in a lane that dispatches.
    dispatch: int = 0
    payload: str | None = None
    # Which handler its work is for, and the group of its work message on a FIFO queue.
    kind: str | None = None
    group: str | None = None
    result: str | None = None
    failure: Failure | None = None
    created_at: int = 0
    claimed_at: int | None = None
    # When it was released, retried or resumed; only while it waits for the claim after that.
    pending_since: int | None = None
    finished_at: int | None = None
    updated_at: int = 0
    # Journal offset of the item's latest event, from which its history is followed back.
    offset: int = 0
    # Marks of its latest commands, oldest first, each with the reason if it was rejected: a
    # redelivered command changes nothing and gets the same answer.
    seen: tuple[str, ...] = ()
    # Whether a command canceled it: no resume brings it back.
    dropped: bool = False

    @property
    def finished(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def retrying(self) -> bool:
        """Whether it failed and is not finished."""
        return self.failure is not None and self.state in UNFINISHED

    @property
    def claimable_since(self) -> int:
        """Since when a pending item could be claimed."""
        if self.due_at is not None:
            return self.due_at
        return self.created_at if self.pending_since is None else self.pending_since


@fast_frozen
class UnfinishedItem:
    """Of an item that keeps its job from being done, what shows how; the rest is not read."""

    item_id: str
    state: ItemState
    attempt: int = 0
    claimed_at: int | None = None
    lease_until: int | None = None
    due_at: int | None = None
    # Of its latest failure, if it has failed before.
    error_type: str | None = None
