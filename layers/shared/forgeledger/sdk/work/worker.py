"""A worker: polls a standard work queue, runs handlers, tells the ledger, leaves cleanly."""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from forgeledger.aws.errors import may_pass
from forgeledger.backoff import pause_seconds
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.command import Failure
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import InvalidWorkError, UndeliveredError
from forgeledger.sdk.records import Delivery
from forgeledger.sdk.report.item_work import Ending, ItemWork
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.sqs_port import SqsWorking
from forgeledger.sdk.ticker import Ticker
from forgeledger.sdk.work.handler_calls import Handler, HandlerLoop
from forgeledger.sdk.work.handler_pool import HandlerPool
from forgeledger.sdk.work.stop_request import StopRequest
from forgeledger.sdk.work.work_log import log_end_by, log_wrong_message
from forgeledger.sdk.work.work_message import read_work
from forgeledger.sdk.work.work_queue import ENTRIES_PER_REQUEST, Received, WorkQueue
from forgeledger.sdk.work.worker_options import (
    WorkerOptions,
    check_work,
    checked_concurrency,
    checked_options,
)

_log = logging.getLogger("forgeledger.sdk")

_HOUSEKEEPING_SECONDS: Final = 0.2
_ABANDON_BLOCK_SECONDS: Final = 1.0
_LAST_FLUSH_SECONDS: Final = 5.0
_LAST_DELETIONS_SECONDS: Final = 2.0
_MOST_RETRY_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSummary:
    """How the work on messages ended; one that came again counts again."""

    completed: int
    failed: int
    released: int
    # Without an end that the ledger was told: the body names no item, the end could not be told, or
    # the message came when the worker had been asked to stop.
    handed_back: int = 0

    def __str__(self) -> str:
        return (
            f"{self.completed:,} completed, {self.failed:,} failed, {self.released:,} released, "
            f"{self.handed_back:,} handed back"
        )


class Worker:
    """A message is deleted only after SQS has the command that tells the end of its item."""

    def __init__(
        self,
        queue_url: str,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int | None = None,
        options: WorkerOptions | None = None,
        reporter: Reporter | None = None,
        endpoints: Endpoints | None = None,
        local: bool = False,
        make_client: Callable[[], SqsWorking] | None = None,
        retry_seconds: Callable[[int], float] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        check_work(queue_url, handlers)
        self._options = checked_options(options)
        if concurrency is None:
            concurrency = self._options.concurrency
        self._concurrency = checked_concurrency(concurrency)
        if endpoints is None:
            endpoints = Endpoints.local() if local else Endpoints.from_environment()
        self._queue_url = queue_url
        self._handlers = handlers
        self._reporter = reporter or Reporter(endpoints=endpoints)
        self._retry_seconds = retry_seconds or _exponential
        self._backoff = backoff or Backoff()
        read_seconds = self._options.wait_seconds + 10
        self._make_client = make_client or (
            lambda: endpoints.sqs_client(queue_url, read_seconds=read_seconds)
        )
        self._stopping = StopRequest()
        self._lock = threading.Lock()
        self._running: dict[ItemWork, Received] = {}
        self._endings: Counter[Ending | None] = Counter()
        self._error: Exception | None = None

    def stop(self) -> None:
        """Ends run(): nothing new is begun, what runs may finish within the grace time."""
        self._stopping.ask()

    def run(self) -> WorkerSummary:
        """Works until stop() or SIGTERM; raises UndeliveredError if the ledger was not told all."""
        began = time.monotonic()
        try:
            return self._run(began)
        except KeyboardInterrupt:
            # The second one: who is in such a hurry may still know what was done, and what not.
            _log.warning(
                "worker %s ended after %.1f s: %s; interrupted, %s unfinished",
                self._reporter.worker_id,
                time.monotonic() - began,
                self._summary(),
                f"{len(self._running):,}",
            )
            raise

    def _run(self, began: float) -> WorkerSummary:
        queue = WorkQueue(
            self._queue_url,
            self._make_client(),
            wait_seconds=self._options.wait_seconds,
            visibility_seconds=self._options.visibility_seconds,
        )
        loop = HandlerLoop()
        pool = HandlerPool[Received](
            self._concurrency, lambda received: self._work(queue, loop, received)
        )
        poller = threading.Thread(
            target=self._poll, args=(queue, pool), name="forgeledger-poller", daemon=True
        )
        housekeeping = Ticker("forgeledger-housekeeping").every(
            _HOUSEKEEPING_SECONDS, queue.housekeep
        )
        with self._stopping.by_signals(), housekeeping:
            _log.info("worker %s works on %s", self._reporter.worker_id, self._queue_url)
            poller.start()
            self._stopping.wait()
            deadline = time.monotonic() + self._options.grace_seconds
            poller.join(self._options.grace_seconds)
            if not pool.wait_idle(deadline - time.monotonic()):
                self._abandon_running(queue)
            pool.close()
            loop.close()
            delivery = self._reporter.flush(_LAST_FLUSH_SECONDS)
        queue.finish(_LAST_DELETIONS_SECONDS)
        with self._lock:
            summary = self._summary()
        self._tell(summary, delivery, time.monotonic() - began)
        if self._error is not None:
            raise self._error
        if not delivery.is_complete:
            raise UndeliveredError(delivery)
        return summary

    def _poll(self, queue: WorkQueue, pool: HandlerPool[Received]) -> None:
        failures = 0
        while not self._stopping.is_asked():
            reserved = pool.reserve(ENTRIES_PER_REQUEST, timeout_seconds=0.2)
            if not reserved:
                continue
            try:
                received = queue.receive(reserved)
                failures = 0
            except Exception as error:  # noqa: BLE001 - without its poller a worker only seems alive.
                received = []
                failures += 1
                _log.warning("receiving from the work queue: %s", error)
                if failures >= self._backoff.attempts and not may_pass(error):
                    self._error = error
                    self.stop()
                self._stopping.pause(self._backoff.seconds(failures))
            for message in received:
                if self._stopping.is_asked():
                    queue.hand_back(message.receipt, 0)
                    self._count(None)
                else:
                    pool.start(message)
            pool.give_back(reserved)

    def _work(self, queue: WorkQueue, loop: HandlerLoop, received: Received) -> None:
        try:
            self._work_on(queue, loop, received)
        except BaseException:
            # In hand it would stay hidden for as long as the worker runs.
            queue.hand_back(received.receipt, int(_exponential(received.receive_count)))
            self._count(None)
            raise

    def _work_on(self, queue: WorkQueue, loop: HandlerLoop, received: Received) -> None:
        retry_seconds = int(self._retry_seconds(received.receive_count))
        try:
            work = read_work(received.body, received.receive_count, self._reporter.unknown_fields)
        except InvalidWorkError as error:
            # Only the queue's redrive policy can take it away, so it has to come again.
            log_wrong_message(received.message_id, error)
            queue.hand_back(received.receipt, retry_seconds)
            self._count(None)
            return

        def settled(delivered: bool) -> None:
            if delivered and not item.comes_again:
                queue.done(received.receipt)
            else:
                at_once = item.ending == "release" and self._stopping.is_asked()
                queue.hand_back(received.receipt, 0 if at_once else retry_seconds)

        item = self._reporter.item(
            work.job_id,
            work.item_id,
            attempt=work.attempt,
            fenced=self._options.fenced,
            lease_seconds=self._options.lease_seconds,
            heartbeat_seconds=self._options.heartbeat_seconds,
            kind=work.kind,
            payload=work.payload,
            on_settled=settled,
        )
        with self._lock:
            self._running[item] = received
        try:
            with item:
                loop.call(self._handlers.get(work.kind, _unknown_kind), item)
        except BaseException as error:  # noqa: BLE001 - a handler may raise anything; the item has it.
            log_end_by(error, item)
        finally:
            self._end(item)
            if item.ending is None:
                # Its claim or its end could not be told: another worker may be luckier.
                queue.hand_back(received.receipt, retry_seconds)

    def _abandon_running(self, queue: WorkQueue) -> None:
        with self._lock:
            running = dict(self._running)
        can_tell = True
        for item, received in running.items():
            _log.warning("item %s of job %s did not end in time", item.item_id, item.job_id)
            try:
                if can_tell:
                    item.release(block_seconds=_ABANDON_BLOCK_SECONDS)
            except Exception:  # noqa: BLE001 - a stop has no time to wait as often as items run.
                _log.exception("what did not end in time is handed back without telling the ledger")
                can_tell = False
            if not item.is_decided:
                queue.hand_back(received.receipt, 0)
            self._end(item)

    def _end(self, item: ItemWork) -> None:
        """Once for each item: one that is given up may end by itself at the same moment."""
        with self._lock:
            if self._running.pop(item, None) is not None:
                self._endings[item.ending] += 1

    def _count(self, ending: Ending | None) -> None:
        with self._lock:
            self._endings[ending] += 1

    def _summary(self) -> WorkerSummary:
        return WorkerSummary(
            completed=self._endings["complete"],
            failed=self._endings["fail"],
            released=self._endings["release"],
            handed_back=self._endings[None],
        )

    def _tell(self, summary: WorkerSummary, delivery: Delivery, seconds: float) -> None:
        """In one line what it did, also where run() raises."""
        untold = delivery.pending + len(delivery.failed)
        _log.log(
            logging.WARNING if untold else logging.INFO,
            "worker %s ended after %.1f s: %s%s",
            self._reporter.worker_id,
            seconds,
            summary,
            f"; {untold:,} commands not delivered" if untold else "",
        )


def _unknown_kind(item: ItemWork) -> None:
    known = f"this worker has no handler for items of kind {item.kind!r}"
    item.fail(Failure(type="UnknownKind", message=known))
    _log.error("item %s of job %s failed: %.500s", item.item_id, item.job_id, known)


def _exponential(receive_count: int) -> float:
    """Between half and all of 2, 4, 8 ... seconds."""
    return pause_seconds(receive_count, 1, _MOST_RETRY_SECONDS, random.uniform(0.5, 1))
