"""Moves commands from the outbox to SQS: the lock, the background thread and flush()."""

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.command import Command
from forgeledger.sdk.errors import BufferFullError
from forgeledger.sdk.records import Delivery
from forgeledger.sdk.report.lane_buffer import Waiting
from forgeledger.sdk.report.outbox import Outbox, OutboxLimits, SendResult, SendStatus
from forgeledger.sdk.report.packer import Message
from forgeledger.sdk.report.sqs_sender import Sender

_log = logging.getLogger("forgeledger.sdk")

# An idle reporter holds no thread: the next command starts one again.
_IDLE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderOptions:
    limits: OutboxLimits = field(default_factory=OutboxLimits)
    backoff: Backoff = field(default_factory=Backoff)
    # Without the thread only flush() and a full buffer send.
    background: bool = True


class BackgroundSender:
    """Any thread may send: a lane with a message on its way is passed over by the others."""

    def __init__(
        self,
        sender: Sender,
        options: SenderOptions,
        clock: Callable[[], float] = time.monotonic,
        owe: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._sender = sender
        # Hears whether anything is in the buffer.
        self._owe = owe
        self._options = options
        self._clock = clock
        self.start_empty()

    def start_empty(self) -> None:
        """Forget everything, as a forked child must: what was buffered is its parent's to send."""
        self._sender.forget_connections()
        self._changed = threading.Condition()
        self._outbox = Outbox(self._options.limits, self._options.backoff)
        self._thread: threading.Thread | None = None
        self._wake_at = math.inf
        # The threads that call back whoever reported what was just settled.
        self._tellers: set[int] = set()

    def put(
        self,
        command: Command,
        *,
        block_seconds: float,
        on_settled: Callable[[bool], None] | None = None,
    ) -> None:
        """Buffers the command; waits for room and raises BufferFullError when none comes."""
        with self._changed:
            if self._outbox.has_room(command):
                self._add(command, on_settled)
                return
        deadline = self._clock() + block_seconds
        while True:
            sent = self._send_round(force=True)
            with self._changed:
                if self._outbox.has_room(command):
                    self._add(command, on_settled)
                    return
                left = deadline - self._clock()
                if left <= 0:
                    raise BufferFullError(
                        pending=self._outbox.pending,
                        waited_seconds=block_seconds,
                        last_refusal=self._outbox.last_refusal,
                    )
                if not sent:
                    self._wait(left)

    def flush(self, timeout_seconds: float) -> Delivery:
        """Sends all that was reported before, until it is delivered or its tries are used up.

        Who wanted to hear of it has heard by then, unless a callback takes longer than the timeout.
        """
        deadline = self._clock() + timeout_seconds
        with self._changed:
            upto = self._outbox.last_sequence
            self._outbox.renew_tries()
        while True:
            sent = self._send_round(force=True)
            with self._changed:
                left = deadline - self._clock()
                others = self._tellers - {threading.get_ident()}
                if left <= 0 or not (others or self._outbox.has_retries_left(upto)):
                    return self._outbox.report()
                if not sent:
                    self._wait(left)

    def undelivered(self) -> list[Command]:
        with self._changed:
            return self._outbox.undelivered()

    def _wait(self, most_seconds: float) -> None:
        """Until something was settled, a refused message may be tried again, or time is up."""
        now = self._clock()
        until_due = self._outbox.due_at(now, force=True) - now
        self._changed.wait(max(0.0, min(most_seconds, until_due)))

    def _add(self, command: Command, on_settled: Callable[[bool], None] | None) -> None:
        look_at = self._outbox.add(command, self._clock(), on_settled)
        self._owe(True)
        if not self._options.background:
            return
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="forgeledger-courier", daemon=True)
            # At interpreter exit no thread can start any more; flush() needs none.
            with contextlib.suppress(RuntimeError):
                thread.start()
                self._thread = thread
        elif look_at < self._wake_at:
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            try:
                sent = self._send_round(force=False)
            except Exception:  # noqa: BLE001 - the thread must outlive whatever a client raises.
                _log.exception("sending commands failed; they stay in the buffer")
                sent = False
            with self._changed:
                if sent:
                    continue
                now = self._clock()
                self._wake_at = min(self._outbox.due_at(now), now + _IDLE_SECONDS)
                self._changed.wait(max(0.0, self._wake_at - now))
                if self._outbox.pending == 0 and self._clock() >= now + _IDLE_SECONDS:
                    self._thread = None
                    return

    def _send_round(self, *, force: bool) -> bool:
        """Sends one request, if there is anything to send now."""
        messages: list[Message] = []
        verdicts: Sequence[SendResult] | None = None
        try:
            with self._changed:
                self._outbox.take(self._clock(), force=force, request=messages)
            if messages:
                verdicts = self._sender.send(messages)
        finally:
            if messages:
                interrupted = SendResult(answer=SendStatus.STUCK, reason="sending was interrupted")
                self._tell(self._settle(messages, verdicts or [interrupted] * len(messages)))
        return bool(messages)

    def _tell(self, settled: Sequence[tuple[Waiting, bool]]) -> None:
        """Calls back who wants to hear; a flush() in a callback does not wait for that one."""
        try:
            for waiting, delivered in settled:
                if waiting.on_settled is not None:
                    try:
                        waiting.on_settled(delivered)
                    except Exception:  # noqa: BLE001 - the others want to hear as well.
                        _log.exception("on_settled of a %s", waiting.command.type)
        finally:
            with self._changed:
                self._tellers.discard(threading.get_ident())
                self._changed.notify_all()

    def _settle(
        self, messages: Sequence[Message], verdicts: Sequence[SendResult]
    ) -> list[tuple[Waiting, bool]]:
        settled: list[tuple[Waiting, bool]] = []
        with self._changed:
            now = self._clock()
            for message, verdict in zip(messages, verdicts, strict=True):
                delivered = verdict.answer is SendStatus.ACCEPTED
                if not delivered and verdict.reason != self._outbox.last_refusal:
                    _log.warning("SQS refused %s: %s", message.group, verdict.reason)
                left = self._outbox.settle(message, verdict, now)
                settled += [(waiting, delivered) for waiting in left]
            if self._outbox.pending == 0:
                self._owe(False)
            self._tellers.add(threading.get_ident())
            self._changed.notify_all()
        return settled
