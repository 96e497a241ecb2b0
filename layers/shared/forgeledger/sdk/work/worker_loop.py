"""A worker's loop: run a handler for each item of the queues' messages, settle the messages."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from forgeledger.backoff import pause_seconds
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import InvalidWorkError
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.work.claim_answer import Admission
from forgeledger.sdk.work.handler_calls import Handler, HandlerCaller
from forgeledger.sdk.work.handler_pool import HandlerPool
from forgeledger.sdk.work.ledger_link import LedgerLink
from forgeledger.sdk.work.queue_poller import QueuePoller
from forgeledger.sdk.work.settlement import Settlement
from forgeledger.sdk.work.stop_request import StopRequest
from forgeledger.sdk.work.work_log import log_end_by, log_no_handler, log_wrong_message
from forgeledger.sdk.work.work_message import WorkMessage, read_work
from forgeledger.sdk.work.work_queue import Received, WorkQueue
from forgeledger.sdk.work.work_tally import WorkTally
from forgeledger.sdk.work.worker_options import WorkerOptions

_MOST_RETRY_SECONDS: Final = 300


@dataclass(eq=False, kw_only=True)
class WorkerLoop:
    """A poller thread a queue, and as many handler threads as items may be worked on at once."""

    queues: Sequence[WorkQueue]
    reporter: Reporter
    handlers: Mapping[str, Handler]
    options: WorkerOptions
    retry_seconds: Callable[[int], float]
    backoff: Backoff
    stopping: StopRequest
    link: LedgerLink
    tally: WorkTally = field(default_factory=WorkTally)

    def __post_init__(self) -> None:
        self._coroutines = HandlerCaller()
        self._pool = HandlerPool[Callable[[], None]](self.options.concurrency, lambda task: task())
        self._pollers = [
            QueuePoller(
                queue=queue,
                pool=self._pool,
                begin=self._begin,
                hand_back=self._hand_back_unread,
                pause_seconds=self.link.pause_seconds,
                backoff=self.backoff,
                stopping=self.stopping,
                is_alone=len(self.queues) == 1,
            )
            for queue in self.queues
        ]

    @property
    def error(self) -> Exception | None:
        """What ended polling for good."""
        return next((poller.error for poller in self._pollers if poller.error), None)

    def start(self) -> None:
        for poller in self._pollers:
            poller.start()

    def wait_ended(self, timeout_seconds: float) -> bool:
        """Whether all handlers ended in time; call it after a stop was requested."""
        deadline = time.monotonic() + timeout_seconds
        for poller in self._pollers:
            poller.wait_begun(lambda: deadline - time.monotonic())
        is_idle = self._pool.wait_idle(deadline - time.monotonic())
        for poller in self._pollers:
            poller.wait_ended()
        return is_idle

    def housekeep(self) -> None:
        for queue in self.queues:
            queue.housekeep()

    def finish(self, timeout_seconds: float) -> None:
        """Hands back what is still received, and retries deletions until the timeout."""
        for queue in self.queues:
            queue.finish(timeout_seconds)

    def close(self) -> None:
        self._pool.close()
        self._coroutines.close()

    def _begin(self, queue: WorkQueue, message: Received) -> None:
        self._pool.start(partial(self._read, queue, message))

    def _read(self, queue: WorkQueue, message: Received) -> None:
        """Reads the message and works on its first item; the others are tasks of their own."""
        try:
            retry_seconds = int(self.retry_seconds(message.receive_count))
            try:
                works = read_work(message.body, message.receive_count, self.reporter.unknown_fields)
            except InvalidWorkError as error:
                # It is redelivered until the queue's redrive policy moves it away.
                log_wrong_message(message.message_id, error)
                self._hand_back_unread(queue, message, retry_seconds)
                return
        except BaseException:
            # Otherwise the message would stay hidden for as long as the worker runs.
            retry_seconds = int(exponential_seconds(message.receive_count))
            self._hand_back_unread(queue, message, retry_seconds)
            raise
        settlement = Settlement(queue, message, (work.item_id for work in works))
        for work in works[1:]:
            self._pool.start(partial(self._work_later, message, work, settlement, retry_seconds))
        self._work(message, works[0], settlement, retry_seconds)

    def _work_later(
        self, message: Received, work: WorkMessage, settlement: Settlement, retry_seconds: int
    ) -> None:
        if self.stopping.is_asked():
            self._hand_back(settlement, work, 0)
        else:
            self._work(message, work, settlement, retry_seconds)

    def _work(
        self, message: Received, work: WorkMessage, settlement: Settlement, retry_seconds: int
    ) -> None:
        try:
            handler = self.handlers.get(work.kind)
            if handler is None:
                log_no_handler(work)
                self._hand_back(settlement, work, retry_seconds)
                return
            admission = self.link.admit(
                work, message.sent_at, self.reporter.worker_id, self.options.lease_seconds
            )
            match admission.action:
                case "drop":
                    settlement.over(work.item_id)
                    self.tally.drop()
                case "hand_back":
                    delay_seconds = max(retry_seconds, admission.wait_seconds)
                    self._hand_back(settlement, work, delay_seconds)
                case "run":
                    self._run(work, handler, admission, settlement, retry_seconds)
        except BaseException:
            delay_seconds = int(exponential_seconds(message.receive_count))
            self._hand_back(settlement, work, delay_seconds)
            raise

    def _run(
        self,
        work: WorkMessage,
        handler: Handler,
        admission: Admission,
        settlement: Settlement,
        retry_seconds: int,
    ) -> None:
        def settle(delivered: bool) -> None:
            if delivered and (work.dispatch is not None or not item.comes_again):
                settlement.over(work.item_id)
                return
            # The next claim that is asked for would come before the release.
            is_asked = admission.attempt is not None
            at_once = item.ending == "release" and self.stopping.is_asked() and not is_asked
            wait_seconds = (item.failure and item.failure.retry_after_seconds) or 0
            settlement.again(work.item_id, 0 if at_once else max(retry_seconds, wait_seconds))

        item = self.link.item(
            self.reporter,
            work,
            admission,
            fenced=self.options.fenced,
            lease_seconds=self.options.lease_seconds,
            heartbeat_seconds=self.options.heartbeat_seconds,
            on_delivery=settle,
        )
        self.tally.begin(item, settlement)
        try:
            with item:
                self._coroutines.call(handler, item)
        except BaseException as error:  # noqa: BLE001 - a handler may raise anything; the item has it.
            log_end_by(error, item)
        finally:
            self.tally.end(item)
            if item.ending is None:
                # The buffer had no room for the claim or the end; another worker may succeed.
                settlement.again(work.item_id, retry_seconds)

    def _hand_back(self, settlement: Settlement, work: WorkMessage, delay_seconds: int) -> None:
        settlement.again(work.item_id, delay_seconds)
        self.tally.hand_back()

    def _hand_back_unread(
        self, queue: WorkQueue, message: Received, delay_seconds: int = 0
    ) -> None:
        queue.hand_back(message.receipt, delay_seconds)
        self.tally.hand_back()


def exponential_seconds(receive_count: int) -> float:
    """Between half and all of 2, 4, 8 ... seconds."""
    return pause_seconds(receive_count, 1, _MOST_RETRY_SECONDS, random.uniform(0.5, 1))
