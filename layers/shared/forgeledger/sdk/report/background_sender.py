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
from forgeledger.sdk.delivery import Delivery
from forgeledger.sdk.errors import BufferFullError
from forgeledger.sdk.report.lane_buffer import OnDelivery, Waiting
from forgeledger.sdk.report.outbox import Outbox, OutboxLimits, SendResult, SendStatus
from forgeledger.sdk.report.packer import Message
from forgeledger.sdk.report.sqs_sender import Sender

_log = logging.getLogger("forgeledger.sdk")

# An idle reporter holds no thread: the next command starts one again.
_IDLE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderOptions:
    """How commands leave the buffer.

    limits: the bounds of the buffer. Default OutboxLimits().
    backoff: the pauses between tries of a refused message. Default Backoff().
    background: whether a thread sends. Without it flush() and a full buffer do. Default True.
    """

    limits: OutboxLimits = field(default_factory=OutboxLimits)
    backoff: Backoff = field(default_factory=Backoff)
    background: bool = True


class BackgroundSender:
    """Any thread may send; a lane has one message in flight, and other threads skip it."""

    def __init__(
        self,
        sender: Sender,
        options: SenderOptions,
        clock: Callable[[], float] = time.monotonic,
        set_pending: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._sender = sender
        # Called with whether there is anything in the buffer.
        self._set_pending = set_pending
        self._options = options
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """For a forked child: the buffer's content is sent by the parent."""
        self._sender.forget_connections()
        self._changed = threading.Condition()
        self._outbox = Outbox(self._options.limits, self._options.backoff)
        self._thread: threading.Thread | None = None
        self._wake_at = math.inf
        # The threads that are in `on_delivery` callbacks.
        self._calling_back: set[int] = set()

    def put(
        self,
        command: Command,
        *,
        block_seconds: float,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Buffers the command; waits for room and raises BufferFullError if there is none."""
        with self._changed:
            if self._outbox.has_room(command):
                self._add(command, on_delivery)
                return
        deadline = self._clock() + block_seconds
        while True:
            sent = self._send_round(force=True)
            with self._changed:
                if self._outbox.has_room(command):
                    self._add(command, on_delivery)
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
        """Sends all that was put before, until it is delivered or its tries are used up.

        Their callbacks have returned by then, unless one takes longer than the timeout.
        """
        deadline = self._clock() + timeout_seconds
        with self._changed:
            upto = self._outbox.last_sequence
            self._outbox.renew_tries()
        while True:
            sent = self._send_round(force=True)
            with self._changed:
                left = deadline - self._clock()
                others = self._calling_back - {threading.get_ident()}
                if left <= 0 or not (others or self._outbox.has_retries_left(upto)):
                    return self._outbox.report()
                if not sent:
                    self._wait(left)

    def undelivered(self) -> list[Command]:
        with self._changed:
            return self._outbox.undelivered()

    def _wait(self, most_seconds: float) -> None:
        """Until a result is recorded, a refused message may be retried, or time is up."""
        now = self._clock()
        until_due = self._outbox.due_at(now, force=True) - now
        self._changed.wait(max(0.0, min(most_seconds, until_due)))

    def _add(self, command: Command, on_delivery: OnDelivery | None) -> None:
        look_at = self._outbox.add(command, self._clock(), on_delivery)
        self._set_pending(True)
        if not self._options.background:
            return
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="forgeledger-sender", daemon=True)
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
            except Exception:  # noqa: BLE001 - the thread must outlive any error of the client.
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
        results: Sequence[SendResult] | None = None
        try:
            with self._changed:
                self._outbox.take(self._clock(), force=force, request=messages)
            if messages:
                results = self._sender.send(messages)
        finally:
            if messages:
                interrupted = SendResult(status=SendStatus.STUCK, reason="sending was interrupted")
                finished = self._record(messages, results or [interrupted] * len(messages))
                self._call_back(finished)
        return bool(messages)

    def _call_back(self, finished: Sequence[tuple[Waiting, bool]]) -> None:
        """Outside the lock; a flush() in a callback does not wait for that callback."""
        try:
            for waiting, delivered in finished:
                if waiting.on_delivery is not None:
                    try:
                        waiting.on_delivery(delivered)
                    except Exception:  # noqa: BLE001 - the other callbacks must run as well.
                        _log.exception("on_delivery of a %s", waiting.command.type)
        finally:
            with self._changed:
                self._calling_back.discard(threading.get_ident())
                self._changed.notify_all()

    def _record(
        self, messages: Sequence[Message], results: Sequence[SendResult]
    ) -> list[tuple[Waiting, bool]]:
        finished: list[tuple[Waiting, bool]] = []
        with self._changed:
            now = self._clock()
            for message, result in zip(messages, results, strict=True):
                delivered = result.status is SendStatus.ACCEPTED
                if not delivered and result.reason != self._outbox.last_refusal:
                    _log.warning("SQS refused %s: %s", message.group, result.reason)
                left = self._outbox.record(message, result, now)
                finished += [(waiting, delivered) for waiting in left]
            if self._outbox.pending == 0:
                self._set_pending(False)
            self._calling_back.add(threading.get_ident())
            self._changed.notify_all()
        return finished
