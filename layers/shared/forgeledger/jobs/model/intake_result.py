"""The result of a batch of queue messages."""

from collections import Counter

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.message import CommandProblem


@fast_frozen
class LaneReport:
    """The result of one lane's share of the batch."""

    job_id: str
    lane: int
    commands: int
    # By kind; of all commands, unless an error stopped the lane.
    outcomes: Counter[str]
    conflicts: int = 0
    # From the oldest of them to its commit; None if there is none.
    lag_ms: int | None = None
    # Without its job, none of the commands can ever be applied.
    job_found: bool = True
    # Whether it finished the last items of a sealed lane.
    lane_finished: bool = False
    # A failure that may pass.
    error: Exception | None = None


@fast_frozen
class JobEnd:
    """What came of advancing a job whose lane was finished by the batch.

    An error fails no message: the stream reports the lane to the relay as well.
    """

    job_id: str
    events_published: int = 0
    error: Exception | None = None


@fast_frozen
class RejectedMessage:
    message_id: str
    problems: tuple[CommandProblem, ...]
    # False: the reject queue has only a part of it.
    is_whole: bool


@fast_frozen
class IntakeResult:
    """The messages to redeliver, and what is logged about the batch."""

    failed: tuple[str, ...]
    # Messages that failed in nothing, but could not be recognised if all were redelivered.
    held_back: tuple[str, ...] = ()
    lanes: tuple[LaneReport, ...] = ()
    rejections: tuple[RejectedMessage, ...]
    errors: tuple[Exception, ...]
    ends: tuple[JobEnd, ...] = ()
    # Why the messages to redeliver have the queue's own visibility timeout.
    delay_error: Exception | None = None

    @property
    def redelivered(self) -> tuple[str, ...]:
        return self.failed + self.held_back

    @property
    def rejected(self) -> int:
        return len(self.rejections)
