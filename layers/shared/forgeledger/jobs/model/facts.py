"""What happened to a job as a whole: the facts that become its events."""

from enum import StrEnum

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts


class FactKind(StrEnum):
    CREATED = "job.created"
    SEALED = "job.sealed"
    FIRST_FAILURE = "job.first_failure"
    COMPLETED = "job.completed"
    FAILED = "job.failed"
    CANCELED = "job.canceled"
    REOPENED = "job.reopened"
    # A scheduled job runs.
    STARTED = "job.started"
    # It grants no claims until it is resumed.
    PAUSED = "job.paused"
    RESUMED = "job.resumed"
    # It waits for items or its seal, and will be canceled if nothing happens.
    IDLE = "job.idle"
    # The verdict is certain and the lanes are being closed; not published.
    CLOSING = "job.closing"
    # All items that were canceled with the job are pending again; not published.
    ITEMS_RESUMED = "job.items_resumed"


_NOT_PUBLISHED = frozenset({FactKind.CLOSING, FactKind.ITEMS_RESUMED})
# What an epoch may have several of: their ids have the fact's number.
_REPEATED = frozenset({FactKind.IDLE, FactKind.PAUSED, FactKind.RESUMED})


@fast_frozen
class Fact:
    """One fact, numbered from 0, with all that its event says of that moment."""

    number: int
    kind: FactKind
    epoch: int
    at: int
    status: JobStatus
    counts: Counts
    duration_ms: int
    reason: str | None = None
    # Who asked for it over HTTP; None: a command from the queue, or the ledger itself.
    client_id: str | None = None
    # Of a pause: when it ends by itself.
    paused_until: int | None = None

    @property
    def published(self) -> bool:
        """Whether the fact becomes an event."""
        return self.kind not in _NOT_PUBLISHED


def event_id(job_id: str, fact: Fact) -> str:
    """The id by which consumers deduplicate: the same in each delivery."""
    id_in_epoch = f"{job_id}:{fact.epoch}:{fact.kind}"
    return f"{id_in_epoch}:{fact.number}" if fact.kind in _REPEATED else id_in_epoch
