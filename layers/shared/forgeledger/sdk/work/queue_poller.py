"""Poll one work queue: receive messages for threads that are free."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from forgeledger.aws.errors import may_pass
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.work.handler_pool import HandlerPool
from forgeledger.sdk.work.stop_request import StopRequest
from forgeledger.sdk.work.work_queue import ENTRIES_PER_REQUEST, Received, WorkQueue

_log = logging.getLogger("forgeledger.sdk")

_RESERVE_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 0.05
_LAST_RECEIVE_SECONDS: Final = 0.25


@dataclass(eq=False, kw_only=True)
class QueuePoller:
    """A thread. `begin` and `hand_back` are called with each message.

    A single queue is asked only for free threads, and may take its time to answer. One of several
    must not hold threads meanwhile that the others could use: as long as it is empty, it waits for
    one message without a thread for it; then it takes threads, and what the queue has at once.
    """

    queue: WorkQueue
    pool: HandlerPool[Callable[[], None]]
    begin: Callable[[WorkQueue, Received], None]
    hand_back: Callable[[WorkQueue, Received], None]
    pause_seconds: Callable[[], float]
    backoff: Backoff
    stopping: StopRequest
    is_alone: bool = True
    # What ended polling for good.
    error: Exception | None = None

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="forgeledger-poller", daemon=True)
        # While this is set and a stop is requested, nothing more is begun.
        self._receiving = threading.Event()
        self._failures = 0

    def start(self) -> None:
        self._thread.start()

    def wait_begun(self, seconds_left: Callable[[], float]) -> None:
        """Until nothing more is begun; call it after a stop was requested.

        A request to an empty queue, which may take 20 seconds, is not waited for.
        """
        while self._thread.is_alive() and not self._receiving.is_set():
            self._thread.join(_LOOK_SECONDS)
            if seconds_left() <= 0:
                return

    def wait_ended(self) -> None:
        """A short while."""
        self._thread.join(_LAST_RECEIVE_SECONDS)

    def _run(self) -> None:
        self._poll()
        # Of what came too late for the shutdown, which did not wait for it.
        self.queue.housekeep()

    def _poll(self) -> None:
        self._receiving.set()
        self.queue.warn_without_redrive()
        self._receiving.clear()
        reserves_first = self.is_alone
        while not self.stopping.is_asked():
            if pause := self.pause_seconds():
                self.stopping.pause(pause)
                continue
            reserved = self._reserve(ENTRIES_PER_REQUEST) if reserves_first else 0
            if reserves_first and not reserved:
                continue
            messages = self._receive(reserved or 1, at_once=reserves_first and not self.is_alone)
            while messages and not reserved and not self.stopping.is_asked():
                reserved = self._reserve(1)
            for message in messages:
                if self.stopping.is_asked():
                    self.hand_back(self.queue, message)
                else:
                    self.begin(self.queue, message)
            self.pool.give_back(reserved)
            reserves_first = self.is_alone or bool(messages)

    def _reserve(self, most: int) -> int:
        return self.pool.reserve(most, timeout_seconds=_RESERVE_SECONDS, owner=id(self))

    def _receive(self, most: int, *, at_once: bool) -> list[Received]:
        self._receiving.set()
        try:
            messages = self.queue.receive(most, at_once=at_once)
            self._failures = 0
        except Exception as error:  # noqa: BLE001 - a worker without a poller would idle forever.
            messages = []
            self._failures += 1
            _log.warning("receiving from the work queue: %s", error)
            if self._failures >= self.backoff.attempts and not may_pass(error):
                self.error = error
                self.stopping.ask()
            self.stopping.pause(self.backoff.seconds(self._failures))
        # Before the look at the stop: then a shutdown waits for what it may begin.
        self._receiving.clear()
        return messages
