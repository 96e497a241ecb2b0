"""A worker's loop: poll the work queue, run a handler for each message, settle the message."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from forgeledger.aws.errors import may_pass
from forgeledger.backoff import pause_seconds
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import InvalidWorkError
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.work.claim_answer import Admission
from forgeledger.sdk.work.handler_calls import Handler, HandlerCaller
from forgeledger.sdk.work.handler_pool import HandlerPool
from forgeledger.sdk.work.ledger_link import LedgerLink
from forgeledger.sdk.work.stop_request import StopRequest
from forgeledger.sdk.work.work_log import log_end_by, log_wrong_message
from forgeledger.sdk.work.work_message import WorkMessage, read_work
from forgeledger.sdk.work.work_queue import ENTRIES_PER_REQUEST, Received, WorkQueue
from forgeledger.sdk.work.work_tally import WorkTally
from forgeledger.sdk.work.worker_options import WorkerOptions

_log = logging.getLogger("forgeledger.sdk")

_RESERVE_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 0.05
_LAST_RECEIVE_SECONDS: Final = 0.25
_MOST_RETRY_SECONDS: Final = 300


@dataclass(eq=False, kw_only=True)
class WorkerLoop:
    """A poller thread, and as many handler threads as messages may be worked on at once."""

    queue: WorkQueue
    reporter: Reporter
    handlers: Mapping[str, Handler]
    options: WorkerOptions
    retry_seconds: Callable[[int], float]
    backoff: Backoff
    stopping: StopRequest
    link: LedgerLink
    tally: WorkTally = field(default_factory=WorkTally)
    # What ended polling for good.
    error: Exception | None = None

    def __post_init__(self) -> None:
        self._coroutines = HandlerCaller()
        self._pool = HandlerPool[Received](self.options.concurrency, self._work)
        self._poller = threading.Thread(target=self._poll, name="forgeledger-poller", daemon=True)

        # While this is set and a stop is requested, the poller begins nothing more.
        self._receiving = threading.Event()

    def start(self) -> None:
        self._poller.start()

    def wait_ended(self, timeout_seconds: float) -> bool:
        """Whether all handlers ended in time; call it after a stop was requested.

        A request to an empty queue, which may take 20 seconds, is not waited for.
        """
        deadline = time.monotonic() + timeout_seconds
        while self._poller.is_alive() and not self._receiving.is_set():
            self._poller.join(_LOOK_SECONDS)
            if time.monotonic() >= deadline:
                break
        is_idle = self._pool.wait_idle(deadline - time.monotonic())
        self._poller.join(_LAST_RECEIVE_SECONDS)
        return is_idle

    def close(self) -> None:
        self._pool.close()
        self._coroutines.close()

    def _poll(self) -> None:
        self._poll_until_stopped()
        # Of what came too late for the shutdown, which did not wait for it.
        self.queue.housekeep()

    def _poll_until_stopped(self) -> None:
        self._receiving.set()
        self.queue.warn_without_redrive()
        self._receiving.clear()
        failures = 0
        while not self.stopping.is_asked():
            if pause := self.link.pause_seconds():
                self.stopping.pause(pause)
                continue
            reserved = self._pool.reserve(ENTRIES_PER_REQUEST, timeout_seconds=_RESERVE_SECONDS)
            if not reserved:
                continue
            self._receiving.set()
            try:
                messages = self.queue.receive(reserved)
                failures = 0
            except Exception as error:  # noqa: BLE001 - a worker without a poller would idle forever.
                messages = []
                failures += 1
                _log.warning("receiving from the work queue: %s", error)
                if failures >= self.backoff.attempts and not may_pass(error):
                    self.error = error
                    self.stopping.ask()
                self.stopping.pause(self.backoff.seconds(failures))
            # Before the look at the stop: then a shutdown waits for what it may begin.
            self._receiving.clear()
            for message in messages:
                if self.stopping.is_asked():
                    self._hand_back(message, 0)
                else:
                    self._pool.start(message)
            self._pool.give_back(reserved)

    def _work(self, message: Received) -> None:
        try:
            retry_seconds = int(self.retry_seconds(message.receive_count))
            try:
                work = read_work(message.body, message.receive_count, self.reporter.unknown_fields)
            except InvalidWorkError as error:
                # It is redelivered until the queue's redrive policy moves it away.
                log_wrong_message(message.message_id, error)
                self._hand_back(message, retry_seconds)
                return
            handler = self.handlers.get(work.kind)
            if handler is None:
                _log.error(
                    "item %s of job %s is not begun: this worker has no handler for kind %.500r",
                    work.item_id,
                    work.job_id,
                    work.kind,
                )
                self._hand_back(message, retry_seconds)
                return
            admission = self.link.admit(
                work, message.sent_at, self.reporter.worker_id, self.options.lease_seconds
            )
            match admission.action:
                case "drop":
                    self.queue.done(message.receipt)
                    self.tally.drop()
                case "hand_back":
                    self._hand_back(message, max(retry_seconds, admission.wait_seconds))
                case "run":
                    self._work_on(message, work, handler, admission, retry_seconds)
        except BaseException:
            # Otherwise the message would stay hidden for as long as the worker runs.
            self._hand_back(message, int(exponential_seconds(message.receive_count)))
            raise

    def _work_on(
        self,
        message: Received,
        work: WorkMessage,
        handler: Handler,
        admission: Admission,
        retry_seconds: int,
    ) -> None:
        def settle(delivered: bool) -> None:
            if delivered and not item.comes_again:
                self.queue.done(message.receipt)
            else:
                # The next claim that is asked for would come before the release.
                is_asked = admission.attempt is not None
                at_once = item.ending == "release" and self.stopping.is_asked() and not is_asked
                self.queue.hand_back(message.receipt, 0 if at_once else retry_seconds)

        item = self.link.item(
            self.reporter,
            work,
            admission,
            fenced=self.options.fenced,
            lease_seconds=self.options.lease_seconds,
            heartbeat_seconds=self.options.heartbeat_seconds,
            on_delivery=settle,
        )
        self.tally.begin(item, message)
        try:
            with item:
                self._coroutines.call(handler, item)
        except BaseException as error:  # noqa: BLE001 - a handler may raise anything; the item has it.
            log_end_by(error, item)
        finally:
            self.tally.end(item)
            if item.ending is None:
                # The buffer had no room for the claim or the end; another worker may succeed.
                self.queue.hand_back(message.receipt, retry_seconds)

    def _hand_back(self, message: Received, delay_seconds: int) -> None:
        self.queue.hand_back(message.receipt, delay_seconds)
        self.tally.hand_back()


def exponential_seconds(receive_count: int) -> float:
    """Between half and all of 2, 4, 8 ... seconds."""
    return pause_seconds(receive_count, 1, _MOST_RETRY_SECONDS, random.uniform(0.5, 1))
