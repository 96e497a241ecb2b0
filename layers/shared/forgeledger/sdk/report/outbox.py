"""The bounded buffer between reporting and sending: state and rules, no threads and no clock."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.command import Command
from forgeledger.sdk.delivery import Delivery, RefusedCommand
from forgeledger.sdk.report.lane_buffer import LaneBuffer, OnDelivery, Waiting, ends_a_claim
from forgeledger.sdk.report.packer import Message, next_request
from forgeledger.sdk.setting_checks import check_whole


class SendStatus(Enum):
    """What became of a message."""

    ACCEPTED = "accepted"  # SQS has it.
    AGAIN = "again"  # A passing error or no answer: resend the same message.
    STUCK = "stuck"  # An error that lasts, such as a missing permission: resend it slowly.
    FAILED = "failed"  # SQS will never accept this message: flush() returns its commands.


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    status: SendStatus
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxLimits:
    """The bounds of the buffer between reporting and sending.

    commands: how many commands it holds. Default 20_000.
    bytes: how many bytes of commands it holds. Default 33_554_432, which is 32 MiB.
    linger_seconds: how long a command waits for others to share its request, and a claim for its
        end. No command waits longer than twice that. Default 0.05.
    message_bytes: the largest message that the queue takes, from 1_024 to 1_048_576, as its
        deployment's parameter MaximumMessageBytes. Default 1_048_576.
    """

    commands: int = 20_000
    bytes: int = 32 * 1024 * 1024
    linger_seconds: float = 0.05
    message_bytes: int = MESSAGE_BYTES

    def __post_init__(self) -> None:
        check_whole("message_bytes", self.message_bytes, 1_024, MESSAGE_BYTES)


class Outbox:
    """Each command is in exactly one state: waiting, in flight, failed, or delivered."""

    def __init__(self, limits: OutboxLimits, backoff: Backoff) -> None:
        self._limits = limits
        self._backoff = backoff
        self._lanes: dict[str, LaneBuffer] = {}
        self._bytes = 0
        self._failed: list[RefusedCommand] = []
        self.pending = 0
        self.delivered = 0
        self.last_sequence = 0
        self.last_refusal: str | None = None

    def has_room(self, command: Command) -> bool:
        """Failed commands count until report() returns them; an empty buffer takes any command."""
        if not self.pending and not self._failed:
            return True
        return (
            self.pending + len(self._failed) < self._limits.commands
            and self._bytes + len(command.body) <= self._limits.bytes
        )

    def add(self, command: Command, now: float, on_delivery: OnDelivery | None = None) -> float:
        """When take() should be called for this lane; infinity if an earlier call is due anyway."""
        lane = self._lanes.get(command.group)
        if lane is None:
            lane = self._lanes[command.group] = LaneBuffer(self._limits.message_bytes)
        was_idle, was_full = lane.is_empty, lane.is_full
        self.last_sequence += 1
        lane.add(
            Waiting(
                command=command, since=now, sequence=self.last_sequence, on_delivery=on_delivery
            )
        )
        self.pending += 1
        self._bytes += len(command.body)
        linger = self._limits.linger_seconds
        if was_idle:
            return now + linger
        # Commands that waited for the end of a claim may leave as soon as it is here.
        ended = ends_a_claim(command) and now >= lane.waiting[0].since + linger
        return now if ended or (lane.is_full and not was_full) else math.inf

    def take(
        self, now: float, *, force: bool = False, request: list[Message] | None = None
    ) -> list[Message]:
        """The messages of the next request, marked as in flight; none if none is due.

        They are in `request`, if given, before they are marked, so that an interrupt in between
        loses none.

        Lanes that are due start a request, and lanes that could send join it. So the lanes of a
        busy worker fall into step and share requests. `force` sends everything that waits.
        """
        linger = self._limits.linger_seconds
        ready: list[tuple[float, str, Message | Iterable[Command]]] = []
        any_due = False
        for group, lane in self._lanes.items():
            if lane.sending or lane.not_before > now:
                continue
            if lane.message is not None:
                ready.append((lane.sent[0].since, group, lane.message))
                any_due = True
                continue
            count = len(lane.waiting) if force else lane.sendable(now, linger)
            if count:
                commands = (waiting.command for waiting in islice(lane.waiting, count))
                ready.append((lane.waiting[0].since, group, commands))
                any_due = any_due or force or lane.due_at(now, linger) <= now
        request = [] if request is None else request
        if any_due:
            ready.sort(key=lambda entry: entry[0])
            lanes = (messages for _, _, messages in ready)
            request += next_request(lanes, self._limits.message_bytes)
            for message in request:
                self._lanes[message.group].dispatch(message)
        return request

    def record(self, message: Message, result: SendResult, now: float) -> tuple[Waiting, ...]:
        """Records the result; returns what has left the buffer, delivered or failed for good."""
        lane = self._lanes[message.group]
        if result.status in (SendStatus.AGAIN, SendStatus.STUCK):
            lane.sending = False
            stuck = result.status is SendStatus.STUCK
            lane.refusals = max(lane.refusals + 1, self._backoff.attempts if stuck else 0)
            lane.not_before = now + self._backoff.seconds(lane.refusals)
            self.last_refusal = result.reason
            return ()
        finished = lane.finish_message()
        if lane.is_empty:
            del self._lanes[message.group]
        self.pending -= len(finished)
        if result.status is SendStatus.ACCEPTED:
            self.delivered += len(finished)
            self._bytes -= sum(len(waiting.command.body) for waiting in finished)
        else:
            self.last_refusal = result.reason
            self._failed += [
                RefusedCommand(command=waiting.command, reason=result.reason)
                for waiting in finished
            ]
        return finished

    def due_at(self, now: float, *, force: bool = False) -> float:
        """When take() will return something, unless more is added; infinity for never."""
        linger = self._limits.linger_seconds
        return min(
            (
                lane.not_before if force else max(lane.not_before, lane.due_at(now, linger))
                for lane in self._lanes.values()
                if not lane.sending
            ),
            default=math.inf,
        )

    def renew_tries(self) -> None:
        """For a flush: every lane may try at once, with all of its tries."""
        for lane in self._lanes.values():
            lane.refusals = 0
            lane.not_before = 0.0

    def has_retries_left(self, sequence: int) -> bool:
        """Whether a command up to this number is undelivered and has tries left."""
        return any(
            lane.sending or lane.refusals < self._backoff.attempts
            for lane in self._lanes.values()
            if lane.oldest is not None and lane.oldest.sequence <= sequence
        )

    def undelivered(self) -> list[Command]:
        """What waits or is in flight, each lane in its order."""
        return [
            waiting.command
            for lane in self._lanes.values()
            for waiting in (*lane.sent, *lane.waiting)
        ]

    def report(self) -> Delivery:
        """The state of delivery; failed commands are returned once and then removed."""
        failed, self._failed = tuple(self._failed), []
        self._bytes -= sum(len(refused.command.body) for refused in failed)
        return Delivery(
            delivered=self.delivered,
            pending=self.pending,
            failed=failed,
            last_refusal=self.last_refusal if self.pending or failed else None,
        )
