"""What one lane has to send: commands that wait, and the message that is on its way."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from forgeledger.domain.limits import COMMANDS_PER_MESSAGE, MESSAGE_BYTES
from forgeledger.sdk.commands import Command
from forgeledger.sdk.packing import Message

_ENDS_A_CLAIM: Final = frozenset({"complete", "fail", "release"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A command in the buffer; `on_settled` hears whether SQS took it."""

    command: Command
    since: float
    sequence: int
    on_settled: Callable[[bool], None] | None


class Lane:
    """One message is on its way at a time, and it is resent until SQS has answered for it.

    A claim without its completion holds back itself and what follows it until it is `linger` old,
    so that both can travel in one message:

        0          linger          2 * linger
        |-- claims wait here --|-- sent at the latest --|
    """

    __slots__ = (
        "_first",
        "_open_claims",
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
        self._first = 0  # How many commands have left `waiting` so far.
        self._open_claims: dict[str, tuple[int, float]] = {}

    def add(self, waiting: Waiting) -> None:
        command = waiting.command
        if command.type == "claim":
            place = (self._first + len(self.waiting), waiting.since)
            self._open_claims.setdefault(command.item_id, place)
        elif command.type in _ENDS_A_CLAIM:
            self._open_claims.pop(command.item_id, None)
        self.waiting.append(waiting)
        self._waiting_bytes += len(command.body) + 1

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
        """How many of the first waiting commands may leave without parting a claim too early."""
        if self.is_full:
            return len(self.waiting)
        if not self.waiting or now - self.waiting[0].since < linger:
            return 0
        held = self._first_young_claim(now, linger)
        return len(self.waiting) if held is None else held[0] - self._first

    def due_at(self, linger: float) -> float:
        """When the lane wants to send, without anything being added."""
        if self.message is not None:
            return self.not_before
        first = self.waiting[0].since
        if self.is_full:
            return first
        newest_claim = max((since for _, since in self._open_claims.values()), default=first)
        return min(first + 2 * linger, newest_claim + linger)

    def dispatch(self, message: Message) -> None:
        """From now on the message is on its way; a resent one stays as it is."""
        if self.message is None:
            count = len(message.commands)
            self.sent = tuple(islice(self.waiting, count))
            for gone in self.sent:
                self.waiting.popleft()
                self._waiting_bytes -= len(gone.command.body) + 1
            self._first += count
            self._forget_claims_before(self._first)
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

    def _first_young_claim(self, now: float, linger: float) -> tuple[int, float] | None:
        return next(
            (place for place in self._open_claims.values() if now - place[1] < linger), None
        )

    def _forget_claims_before(self, first: int) -> None:
        self._open_claims = {
            item_id: place for item_id, place in self._open_claims.items() if place[0] >= first
        }
