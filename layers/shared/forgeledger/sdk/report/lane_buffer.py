"""What one lane has to send: the waiting commands, and the message in flight."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from forgeledger.jobs.model.limits import COMMANDS_PER_MESSAGE, MESSAGE_BYTES
from forgeledger.sdk.command import Command
from forgeledger.sdk.report.packer import Message

_ENDS_A_CLAIM: Final = frozenset({"complete", "fail", "release", "cancel"})
# Called with True when SQS has accepted a command, with False when it never will.
OnDelivery = Callable[[bool], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A command in the buffer, and whom to call when SQS has accepted or refused it for good."""

    command: Command
    since: float
    sequence: int
    on_delivery: OnDelivery | None


class LaneBuffer:
    """One message is in flight at a time, and it is resent until SQS has answered for it.

    A claim waits up to `linger` for its end, so that both travel in one message and cost one item
    write. Later commands wait behind it, which keeps their order. So the lane sends:

        0 ........... linger ................ 2 * linger
          nothing   |  all, once no claim   |  in any case; the cut separates
                    |  waits for its end    |  no claim from its end if possible
    """

    __slots__ = (
        "_most_bytes",
        "_waiting_bytes",
        "message",
        "not_before",
        "refusals",
        "sending",
        "sent",
        "waiting",
    )

    def __init__(self, most_bytes: int = MESSAGE_BYTES) -> None:
        self._most_bytes = most_bytes
        self.waiting: deque[Waiting] = deque()
        self.message: Message | None = None
        self.sent: tuple[Waiting, ...] = ()
        self.sending = False
        self.refusals = 0
        self.not_before = 0.0
        self._waiting_bytes = 0

    def add(self, waiting: Waiting) -> None:
        self.waiting.append(waiting)
        self._waiting_bytes += len(waiting.command.body) + 1

    @property
    def is_empty(self) -> bool:
        return self.message is None and not self.waiting

    @property
    def is_full(self) -> bool:
        """Whether the waiting commands would fill a message: waiting longer saves nothing."""
        return len(self.waiting) >= COMMANDS_PER_MESSAGE or self._waiting_bytes >= self._most_bytes

    @property
    def oldest(self) -> Waiting | None:
        if self.sent:
            return self.sent[0]
        return self.waiting[0] if self.waiting else None

    def sendable(self, now: float, linger: float) -> int:
        """How many of the first waiting commands may leave now, if a request leaves anyway."""
        if self.is_full:
            return len(self.waiting)
        if not self.waiting or now < self.waiting[0].since + linger / 2:
            return 0
        count = _separating_no_claim(self.waiting, now, linger)
        # Written as in due_at(), so that both round alike.
        if now < self.waiting[0].since + linger:
            # Too early for a request of its own, but it may join one that leaves anyway.
            return count if count == len(self.waiting) else 0
        if count == 0 and now >= self.waiting[0].since + 2 * linger:
            return _before_young_claims(self.waiting, now, linger)
        return count

    def due_at(self, now: float, linger: float) -> float:
        """When the lane needs a request, unless something is added before."""
        if self.message is not None:
            return self.not_before
        first = self.waiting[0].since
        if self.is_full or now < first + linger:
            return first if self.is_full else first + linger
        return min(first + 2 * linger, max(first, _newest_open_claim(self.waiting)) + linger)

    def dispatch(self, message: Message) -> None:
        """The message is in flight from now on; a resent one stays unchanged."""
        if self.message is None:
            self.sent = tuple(self.waiting.popleft() for _ in message.commands)
            self._waiting_bytes -= sum(len(sent.command.body) + 1 for sent in self.sent)
        self.message = message
        self.sending = True

    def finish_message(self) -> tuple[Waiting, ...]:
        """The message has its final answer; the next one may go."""
        finished, self.sent = self.sent, ()
        self.message = None
        self.sending = False
        self.refusals = 0
        self.not_before = 0.0
        return finished


def ends_a_claim(command: Command) -> bool:
    return command.type in _ENDS_A_CLAIM


def _separating_no_claim(waiting: Collection[Waiting], now: float, linger: float) -> int:
    """The longest start without a claim whose end comes later, or may come within the linger."""
    ends = _ends(waiting)
    count, reach = 0, 0
    for position, entry in enumerate(waiting, 1):
        if entry.command.type == "claim":
            end = ends.get(entry.command.item_id, 0)
            if end < position and now < entry.since + linger:
                break
            reach = max(reach, end)
        if position >= reach:
            count = position
    return count


def _before_young_claims(waiting: Collection[Waiting], now: float, linger: float) -> int:
    """The start before the first claim that still waits for its end; there is one."""
    ends = _ends(waiting)
    return next(
        position
        for position, entry in enumerate(waiting)
        if entry.command.type == "claim"
        and now < entry.since + linger
        and ends.get(entry.command.item_id, 0) <= position
    )


def _newest_open_claim(waiting: Collection[Waiting]) -> float:
    ends = _ends(waiting)
    return max(
        (
            entry.since
            for position, entry in enumerate(waiting, 1)
            if entry.command.type == "claim" and ends.get(entry.command.item_id, 0) < position
        ),
        default=0.0,
    )


def _ends(waiting: Collection[Waiting]) -> dict[str, int]:
    """The position of the last end of each item's claim, from 1."""
    return {
        entry.command.item_id: position
        for position, entry in enumerate(waiting, 1)
        if ends_a_claim(entry.command)
    }
