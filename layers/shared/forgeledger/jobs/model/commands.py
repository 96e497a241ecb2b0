"""The commands that a lane takes."""

import zlib
from base64 import urlsafe_b64encode
from enum import StrEnum
from hashlib import blake2b

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode


class CommandKind(StrEnum):
    REGISTER = "register"
    CLAIM = "claim"
    HEARTBEAT = "heartbeat"
    COMPLETE = "complete"
    FAIL = "fail"
    RELEASE = "release"
    RETRY = "retry"
    EXPIRE = "expire"
    CANCEL = "cancel"


# An item remembers no heartbeat: repeating one is harmless.
NOT_REMEMBERED = frozenset({CommandKind.HEARTBEAT})
# They register an unknown item, where its job allows it.
REGISTERS_ON_THE_WAY = frozenset({CommandKind.CLAIM, CommandKind.COMPLETE, CommandKind.FAIL})


@fast_frozen
class Command:
    """A command for one item; its id is the same in each delivery.

    An attempt is 1 or more. A command without one is not fenced.
    """

    kind: CommandKind
    item_id: str
    command_id: str
    attempt: int | None = None
    worker_id: str | None = None
    lease_seconds: int | None = None
    payload: str | None = None
    result: str | None = None
    failure: Failure | None = None
    # Which dispatch of its item the work message was for; only lanes that dispatch look at it.
    dispatch: int | None = None
    # Of a failure: how long the item waits in place of the policy's backoff.
    retry_after_seconds: int | None = None
    # Of a registration: what the item's work message says, and when it may go out.
    item_kind: str | None = None
    group: str | None = None
    not_before: int | None = None
    # The sender's time; only used to measure how far the ledger lags.
    sent_at: int | None = None
    # The names of unknown fields that it came with, within bounds.
    ignored: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """Eight letters that identify the command in its item and in the journal.

        The kind is part of it: a sender that uses one id for the claim and the complete of an
        item must not lose the second.
        """
        name = f"{self.kind}:{self.command_id}".encode()
        return urlsafe_b64encode(blake2b(name, digest_size=6).digest()).decode()

    @property
    def jitter(self) -> float:
        """A number in [0, 1): random among commands, fixed for this one."""
        return zlib.crc32(self.command_id.encode()) / 2**32


@fast_frozen
class FollowGate:
    """The job's life cycle took a step: the lane adopts its gate, mode and hold."""

    gate: int
    mode: LaneMode
    held: bool = False


@fast_frozen
class Resume:
    """The item becomes PENDING again if its lane's closing canceled it.

    Until the lane follows this gate: then it is through, or has been closed again.
    """

    item_id: str
    gate: int


@fast_frozen
class Recount:
    """The items were counted: the head gets these numbers."""

    counts: Counts
    failures: tuple[tuple[str, int], ...]
    # The only sum that the items tell; the others tell of events that are over.
    retrying: int

    def agrees_with(self, head: Head) -> bool:
        return (
            self.counts == head.counts
            and dict(self.failures) == dict(head.failures)
            and self.retrying == head.sums.retrying
        )


LaneCommand = Command | FollowGate | Resume | Recount
