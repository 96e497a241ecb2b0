"""What one lane has to send: commands that wait, and the message that is on its way."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from forgeledger.jobs.model.limits import COMMANDS_PER_MESSAGE, MESSAGE_BYTES
from forgeledger.sdk.command import Command
from forgeledger.sdk.report.packer import Message

_ENDS_A_CLAIM: Final = frozenset({"complete", "fail", "release"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A command in the buffer; `on_settled` hears whether SQS took it."""

    command: Command
    since: float
    sequence: int
    on_settled: Callable[[bool], None] | None


class LaneBuffer:
    """One message is on its way at a time, and it is resent until SQS has answered for it.

    A claim waits up to `linger` for its end, so that both travel in one message and cost one item
    write. What follows it waits as well, for order's sake, and so the lane sends:

        0 ........... linger ................ 2 * linger
          nothing   |  all, once no claim   |  in any case, cut where it parts
                    |  waits for its end    |  no claim from its end if it can
    """

    __slots__ = (
        "_waiting_bytes",
        "message",
        "not_before",
        "refusals",
        "sending",
        "sent",
        "waiting",
    )

    def __init__(self) -> None:
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
        """Whether what waits would fill a message: waiting longer saves nothing."""
        return len(self.waiting) >= COMMANDS_PER_MESSAGE or self._waiting_bytes >= MESSAGE_BYTES

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
        count = _parting_none(self.waiting, now, linger)
        # Written as due_at() writes it, so that rounding cannot set them apart.
        if now < self.waiting[0].since + linger:
            # Too early to leave alone. In company it saves a request, if it parts nothing.
            return count if count == len(self.waiting) else 0
        if count == 0 and now >= self.waiting[0].since + 2 * linger:
            return _before_young_claims(self.waiting, now, linger)
        return count

    def due_at(self, now: float, linger: float) -> float:
        """When the lane wants a request to leave, unless something is added before."""
        if self.message is not None:
            return self.not_before
        first = self.waiting[0].since
        if self.is_full or now < first + linger:
            return first if self.is_full else first + linger
        return min(first + 2 * linger, max(first, _newest_open_claim(self.waiting)) + linger)

    def dispatch(self, message: Message) -> None:
        """From now on the message is on its way; a resent one stays as it is."""
        if self.message is None:
            self.sent = tuple(self.waiting.popleft() for _ in message.commands)
            self._waiting_bytes -= sum(len(gone.command.body) + 1 for gone in self.sent)
        self.message = message
        self.sending = True

    def settle(self) -> tuple[Waiting, ...]:
        """The message has its final answer; the next one may go."""
        settled, self.sent = self.sent, ()
        self.message = None
        self.sending = False
        self.refusals = 0
        self.not_before = 0.0
        return settled


def ends_a_claim(command: Command) -> bool:
    return command.type in _ENDS_A_CLAIM


def _parting_none(waiting: Collection[Waiting], now: float, linger: float) -> int:
    """The longest start without a claim whose end comes later, or may come within the linger."""
    ends = _ends(waiting)
    count, reach = 0, 0
    for place, each in enumerate(waiting, 1):
        if each.command.type == "claim":
            end = ends.get(each.command.item_id, 0)
            if end < place and now < each.since + linger:
                break
            reach = max(reach, end)
        if place >= reach:
            count = place
    return count


def _before_young_claims(waiting: Collection[Waiting], now: float, linger: float) -> int:
    """The start before the first claim that still waits for its end; there is one."""
    ends = _ends(waiting)
    return next(
        place
        for place, each in enumerate(waiting)
        if each.command.type == "claim"
        and now < each.since + linger
        and ends.get(each.command.item_id, 0) <= place
    )


def _newest_open_claim(waiting: Collection[Waiting]) -> float:
    ends = _ends(waiting)
    return max(
        (
            each.since
            for place, each in enumerate(waiting, 1)
            if each.command.type == "claim" and ends.get(each.command.item_id, 0) < place
        ),
        default=0.0,
    )


def _ends(waiting: Collection[Waiting]) -> dict[str, int]:
    """Where the last end of each item's claim stands, from 1."""
    return {
        each.command.item_id: place
        for place, each in enumerate(waiting, 1)
        if ends_a_claim(each.command)
    }
