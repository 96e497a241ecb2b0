"""What can be asked of a lane."""

import zlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lanes import Counts, LaneMode

# Makes eight letters.
_MARK_BYTES = 6


class CommandKind(StrEnum):
    REGISTER = "register"
    CLAIM = "claim"
    HEARTBEAT = "heartbeat"
    COMPLETE = "complete"
    FAIL = "fail"
    RELEASE = "release"
    RETRY = "retry"
    EXPIRE = "expire"


# An item that nobody registered may appear with these, where its job allows it.
REGISTERS_ON_THE_WAY = frozenset({CommandKind.CLAIM, CommandKind.COMPLETE, CommandKind.FAIL})


@fast_frozen
@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command for one item. Its id is the same each time it is delivered.

    An attempt is 1 or more. What names none is not fenced.
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
    # When the sender says it happened; only for measuring how far the ledger lags.
    sent_at: int | None = None

    @property
    def mark(self) -> str:
        """Eight letters that stand for the command, in its item and in the journal.

        The kind is part of it: a sender that gives the claim and the complete of an item one
        and the same id must not lose the second.
        """
        name = f"{self.kind}:{self.command_id}".encode()
        return urlsafe_b64encode(blake2b(name, digest_size=_MARK_BYTES).digest()).decode()

    @property
    def jitter(self) -> float:
        """A number in [0, 1) for the jitter: random among commands, fixed for this one."""
        return zlib.crc32(self.command_id.encode()) / 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowGate:
    """The job's life cycle moved on: the lane takes over its mode."""

    gate: int
    mode: LaneMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """The items were counted and the head is set right."""

    counts: Counts
    failures: tuple[tuple[str, int], ...]


LaneCommand = Command | FollowGate | Recount
