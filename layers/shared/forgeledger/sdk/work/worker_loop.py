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
from forgeledger.sdk.failure import Failure
from forgeledger.sdk.report.item_work import ItemWork
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.work.handler_calls import Handler, HandlerCaller
from forgeledger.sdk.work.handler_pool import HandlerPool
from forgeledger.sdk.work.stop_request import StopRequest
from forgeledger.sdk.work.work_log import log_end_by, log_wrong_message
from forgeledger.sdk.work.work_message import WorkMessage, read_work
from forgeledger.sdk.work.work_queue import ENTRIES_PER_REQUEST, Received, WorkQueue
from forgeledger.sdk.work.work_tally import WorkTally
from forgeledger.sdk.work.worker_options import WorkerOptions

_log = logging.getLogger("forgeledger.sdk")

_RESERVE_SECONDS: Final = 0.2
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
    tally: WorkTally = field(default_factory=WorkTally)
    # What ended polling for good.
    error: Exception | None = None

    def __post_init__(self) -> None:
        self._coroutines = HandlerCaller()
        self._pool = HandlerPool[Received](self.options.concurrency, self._work)
        self._poller = threading.Thread(target=self._poll, name="forgeledger-poller", daemon=True)

    def start(self) -> None:
        self._poller.start()

    def wait_ended(self, timeout_seconds: float) -> bool:
        """Whether the poller and all handlers ended in time."""
        deadline = time.monotonic() + timeout_seconds
        self._poller.join(timeout_seconds)
        return self._pool.wait_idle(deadline - time.monotonic())

    def close(self) -> None:
        self._pool.close()
        self._coroutines.close()

    def _poll(self) -> None:
        failures = 0
        while not self.stopping.is_asked():
            reserved = self._pool.reserve(ENTRIES_PER_REQUEST, timeout_seconds=_RESERVE_SECONDS)
            if not reserved:
                continue
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
            self._work_on(message, work, retry_seconds)
        except BaseException:
            # Otherwise the message would stay hidden for as long as the worker runs.
            self._hand_back(message, int(exponential_seconds(message.receive_count)))
            raise

    def _work_on(self, message: Received, work: WorkMessage, retry_seconds: int) -> None:
        def settle(delivered: bool) -> None:
            if delivered and not item.comes_again:
                self.queue.done(message.receipt)
            else:
                at_once = item.ending == "release" and self.stopping.is_asked()
                self.queue.hand_back(message.receipt, 0 if at_once else retry_seconds)

        item = self.reporter.item(
            work.job_id,
            work.item_id,
            attempt=work.attempt,
            fenced=self.options.fenced,
            lease_seconds=self.options.lease_seconds,
            heartbeat_seconds=self.options.heartbeat_seconds,
            kind=work.kind,
            payload=work.payload,
            on_delivery=settle,
        )
        self.tally.begin(item, message)
        try:
            with item:
                self._coroutines.call(self.handlers.get(work.kind, _unknown_kind), item)
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


def _unknown_kind(item: ItemWork) -> None:
    reason = f"this worker has no handler for items of kind {item.kind!r}"
    item.fail(Failure(type="UnknownKind", message=reason))
    _log.error("item %s of job %s failed: %.500s", item.item_id, item.job_id, reason)
