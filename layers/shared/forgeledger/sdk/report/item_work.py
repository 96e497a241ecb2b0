"""The work on one item: claimed at the start, told to the ledger exactly once at the end."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from forgeledger.sdk.command import FailedBy, Failure, checked_lease
from forgeledger.sdk.errors import InvalidCommandError

if TYPE_CHECKING:
    from forgeledger.sdk.report.reporter import Reporter

# Without a lease a heartbeat only shows that the worker lives, so it may be rare.
HEARTBEAT_SECONDS: Final = 30.0
# The type of failure of an item whose result the ledger could not take.
INVALID_RESULT: Final = "InvalidResult"

Ending = Literal["complete", "fail", "release"]


class ItemWork:
    """Made by `reporter.item(...)`; the block's end decides, unless fail() or release() did.

    A normal end completes the item with `result`, an Exception fails it, and anything that stops
    the process rather than the work (KeyboardInterrupt, SystemExit, a canceled task) releases it.
    The exception goes on to the caller.
    """

    # Closed, so that a misspelt `result` is an error of its line and not a result that is lost.
    __slots__ = (
        "__weakref__",
        "_deciding",
        "_fence",
        "_heartbeat_seconds",
        "_lease_seconds",
        "_on_settled",
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
        reporter: "Reporter",
        job_id: str,
        item_id: str,
        *,
        attempt: int | None,
        fenced: bool = True,
        lease_seconds: int | None,
        heartbeat_seconds: float | None,
        kind: str | None = None,
        payload: Any = None,
        on_settled: Callable[[bool], None] | None = None,
    ) -> None:
        self.job_id = job_id
        self.item_id = item_id
        # Of a work message: which of its deliveries this is. Fenced commands name it.
        self.attempt = attempt
        self._fence = attempt if fenced else None
        self.kind = kind
        self.payload = payload
        self.result: Any = None
        self.failure: Failure | None = None
        self._reporter = reporter
        self._lease_seconds = None if lease_seconds is None else checked_lease(lease_seconds)
        if heartbeat_seconds is None:
            heartbeat_seconds = lease_seconds / 3 if lease_seconds else HEARTBEAT_SECONDS
        self._heartbeat_seconds = _checked_interval(heartbeat_seconds)
        self._on_settled = on_settled
        # Held for a heartbeat as well, whose sending may call back into the item's end.
        self._deciding = threading.RLock()
        self.ending: Ending | None = None
        self._running = contextlib.ExitStack()

    @property
    def is_decided(self) -> bool:
        """Whether the item's end was told already, so that nothing said later counts."""
        return self.ending is not None

    @property
    def comes_again(self) -> bool:
        """Whether the message that stands for the item should be delivered once more."""
        if self.ending == "fail":
            return self.failure is None or self.failure.retryable
        return self.ending != "complete"

    def __enter__(self) -> Self:
        self._reporter.claim(
            self.job_id, self.item_id, attempt=self._fence, lease_seconds=self._lease_seconds
        )
        ticks = self._reporter.heartbeats.every(self._heartbeat_seconds, self._beat)
        self._running.enter_context(ticks)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()
        if error is None:
            self._complete()
        elif isinstance(error, Exception):
            self.fail(error)
        else:
            self.release()

    def heartbeat(self) -> None:
        """Say now that the work goes on; this also happens by itself."""
        self._reporter.heartbeat(
            self.job_id, self.item_id, attempt=self._fence, lease_seconds=self._lease_seconds
        )

    def fail(self, error: FailedBy) -> None:
        """The item failed, although the block may end normally."""
        failure = Failure.of(error)
        with self._decided("fail") as first:
            if first:
                self.failure = failure
                self._reporter.fail(
                    self.job_id,
                    self.item_id,
                    failure,
                    attempt=self._fence,
                    on_settled=self._on_settled,
                )

    def release(self, *, block_seconds: float | None = None) -> None:
        """Give the item back unfinished; the attempt does not count."""
        with self._decided("release") as first:
            if first:
                self._reporter.release(
                    self.job_id,
                    self.item_id,
                    attempt=self._fence,
                    on_settled=self._on_settled,
                    block_seconds=block_seconds,
                )

    def _complete(self) -> None:
        try:
            with self._decided("complete") as first:
                if first:
                    self._reporter.complete(
                        self.job_id,
                        self.item_id,
                        result=self.result,
                        attempt=self._fence,
                        on_settled=self._on_settled,
                    )
        except InvalidCommandError as error:
            # The work is done but its result cannot be told, and doing it again changes nothing.
            self.fail(Failure(type=INVALID_RESULT, message=str(error), retryable=False))
            raise

    @contextlib.contextmanager
    def _decided(self, ending: Ending) -> Iterator[bool]:
        """Whether it is the first end, which counts unless the block fails to tell it."""
        with self._deciding:
            first = self.ending is None
            if first:
                self.ending = ending
        try:
            yield first
        except BaseException:
            # What is not even in the buffer was never told: the message has to come again.
            if first:
                self.ending = None
            raise

    def _beat(self) -> None:
        # The lock keeps the end from overtaking it: a heartbeat after the end means nothing.
        with self._deciding:
            if not self.is_decided:
                self._reporter.heartbeat(
                    self.job_id,
                    self.item_id,
                    attempt=self._fence,
                    lease_seconds=self._lease_seconds,
                    block_seconds=0,
                )


def _checked_interval(seconds: object) -> float:
    if not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise InvalidCommandError("heartbeat_seconds", f"is a number from 0, not {seconds!r}")
    return seconds
