"""The work on one item as a `with` block: claimed at its start, ended exactly once."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self

from forgeledger.jobs.messages.command_fields import LEASE_SECONDS
from forgeledger.sdk.command import CommandType
from forgeledger.sdk.command_checks import checked_whole_number
from forgeledger.sdk.errors import InvalidCommandError
from forgeledger.sdk.failure import FailedBy, Failure
from forgeledger.sdk.report.lane_buffer import OnDelivery
from forgeledger.sdk.ticker import Hasten, Ticker

# Without a lease a heartbeat only shows that the worker lives, so it may be rare.
HEARTBEAT_SECONDS: Final = 30.0
# The error type of an item whose result breaks a limit of the ledger.
INVALID_RESULT: Final = "InvalidResult"

# Takes the seconds of the item's lease, whenever they become known.
Pace = Callable[[float], None]
Ending = Literal["complete", "fail", "release", "cancel"]


class ItemReporter(Protocol):
    """What an item needs of the Reporter."""

    @property
    def heartbeats(self) -> Ticker: ...

    @property
    def report(self) -> Callable[..., None]: ...


class ItemLink(Protocol):
    """What a worker's items hear from the ledger while they run."""

    @property
    def is_claimed(self) -> bool: ...

    def begin(self, pace: Pace | None) -> None: ...

    def end(self, *, is_decided: bool) -> None: ...

    def is_over(self) -> bool: ...

    def beat(self, every_seconds: float) -> bool: ...

    def seconds_left(self) -> float | None: ...


class ItemWork:
    """Made by `reporter.item(...)`. The end of the block ends the item.

    A normal end completes the item with `result`. An Exception fails it. What stops the process
    and not the work (KeyboardInterrupt, SystemExit, a canceled task) releases it. A call of fail(),
    release() or cancel() in the block goes before all of these. Exceptions go on to the caller.
    """

    # Slots, so that a misspelt `result` raises AttributeError instead of losing the result.
    __slots__ = (
        "__weakref__",
        "_deciding",
        "_dispatch",
        "_fence",
        "_hasten",
        "_heartbeat_seconds",
        "_lease_seconds",
        "_link",
        "_on_delivery",
        "_paced",
        "_reporter",
        "_running",
        "attempt",
        "ending",
        "failure",
        "item_id",
        "job_id",
        "kind",
        "payload",
        "result",
    )

    def __init__(
        self,
        reporter: ItemReporter,
        job_id: str,
        item_id: str,
        *,
        attempt: int | None,
        fenced: bool = True,
        dispatch: int | None = None,
        lease_seconds: int | None,
        heartbeat_seconds: float | None,
        kind: str | None = None,
        payload: Any = None,
        on_delivery: OnDelivery | None = None,
        link: ItemLink | None = None,
    ) -> None:
        self.job_id = job_id
        self.item_id = item_id
        # For a work message, the number of this delivery, or the attempt that the ledger granted.
        # Commands carry it if they are fenced.
        self.attempt = attempt
        self._fence = attempt if fenced else None
        self._dispatch = dispatch
        self.kind = kind
        self.payload = payload
        self.result: Any = None
        self.failure: Failure | None = None
        self._reporter = reporter
        if lease_seconds is not None:
            checked_whole_number(LEASE_SECONDS, lease_seconds)
        self._lease_seconds = lease_seconds
        # An interval that was given stands, whatever the lease is.
        self._paced = heartbeat_seconds is None
        self._hasten: Hasten = lambda _: None
        if heartbeat_seconds is None:
            heartbeat_seconds = lease_seconds / 3 if lease_seconds else HEARTBEAT_SECONDS
        self._heartbeat_seconds = _checked_interval(heartbeat_seconds)
        self._on_delivery = on_delivery
        self._link = link
        # Reentrant: sending a heartbeat may call back into the end of the item.
        self._deciding = threading.RLock()
        self.ending: Ending | None = None
        self._running = contextlib.ExitStack()

    @property
    def is_decided(self) -> bool:
        """Whether the end was reported; later calls of fail() and the like change nothing."""
        return self.ending is not None

    @property
    def canceled(self) -> bool:
        """Whether what the block still does would not count, so that it may stop.

        Its job was canceled or ended meanwhile, or the item was, as far as the worker heard.
        """
        return self._link is not None and self._link.is_over()

    @property
    def seconds_left(self) -> float | None:
        """Until the ledger ends the attempt as too long; None without such a limit.

        It is that of the job's policy (`runSeconds`), as the work message says it.
        """
        return None if self._link is None else self._link.seconds_left()

    @property
    def comes_again(self) -> bool:
        """Whether the item's work message should be redelivered."""
        if self.ending == "fail":
            return self.failure is None or self.failure.retryable
        return self.ending not in ("complete", "cancel")

    def __enter__(self) -> Self:
        if self._link is None or not self._link.is_claimed:
            self._report("claim", lease_seconds=self._lease_seconds)
        ticks = self._reporter.heartbeats.every(self._heartbeat_seconds, self._beat)
        self._hasten = self._running.enter_context(ticks)
        if self._link is not None:
            self._link.begin(self._pace if self._paced else None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()
        try:
            if error is None:
                self._complete()
            elif isinstance(error, Exception):
                self.fail(error)
            else:
                self.release()
        finally:
            if self._link is not None:
                self._link.end(is_decided=self.is_decided)

    def heartbeat(self) -> None:
        """Send a heartbeat now, in addition to the automatic ones."""
        self._report("heartbeat", lease_seconds=self._lease_seconds)

    def fail(self, error: FailedBy, *, retry_after_seconds: int | None = None) -> None:
        """The item failed, even if the block ends normally.

        retry_after_seconds: how long it waits then, in place of the policy's backoff.
        """
        failure = Failure.of(error)
        if retry_after_seconds is not None:
            failure = replace(failure, retry_after_seconds=retry_after_seconds)
        with self._decided("fail") as is_first:
            if is_first:
                self.failure = failure
                self._report("fail", failure=failure, on_delivery=self._on_delivery)

    def release(self, *, block_seconds: float | None = None) -> None:
        """Give the item back unfinished; the attempt does not count."""
        with self._decided("release") as is_first:
            if is_first:
                self._report("release", on_delivery=self._on_delivery, block_seconds=block_seconds)

    def cancel(self) -> None:
        """The item need not be done: it ends as CANCELED, which is no failure."""
        with self._decided("cancel") as is_first:
            if is_first:
                self._report("cancel", on_delivery=self._on_delivery)

    def _complete(self) -> None:
        try:
            with self._decided("complete") as is_first:
                if is_first:
                    self._report("complete", result=self.result, on_delivery=self._on_delivery)
        except InvalidCommandError as error:
            # The work is done but the result breaks a limit. Another try would change nothing.
            self.fail(Failure(type=INVALID_RESULT, message=str(error), retryable=False))
            raise

    @contextlib.contextmanager
    def _decided(self, ending: Ending) -> Iterator[bool]:
        """Whether this is the first end of the item, the one that counts."""
        with self._deciding:
            is_first = self.ending is None
            if is_first:
                self.ending = ending
        try:
            yield is_first
        except BaseException:
            # The end did not even reach the buffer, so the message must be redelivered.
            if is_first:
                self.ending = None
            raise

    def _pace(self, lease_seconds: float) -> None:
        every_seconds = lease_seconds / 3
        if every_seconds < self._heartbeat_seconds:
            self._heartbeat_seconds = every_seconds
            self._hasten(every_seconds)

    def _beat(self) -> None:
        # Not under the lock: the end waits for no answer, and a heartbeat that is late is fenced.
        if (
            self._link is not None
            and not self.is_decided
            and self._link.beat(self._heartbeat_seconds)
        ):
            return
        # Under the lock, so that no heartbeat is reported after the end.
        with self._deciding:
            if not self.is_decided:
                self._report("heartbeat", lease_seconds=self._lease_seconds, block_seconds=0)

    def _report(self, kind: CommandType, **options: Any) -> None:
        fences = {"attempt": self._fence, "dispatch": self._dispatch}
        self._reporter.report(kind, self.job_id, self.item_id, **fences, **options)


def _checked_interval(seconds: object) -> float:
    if not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise InvalidCommandError("heartbeat_seconds", f"must be a number from 0, not {seconds!r}")
    return seconds
