"""A worker: receives messages from a work queue, runs handlers, reports to the ledger."""

import logging
import time
from collections import ChainMap
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Final, TypeVar, cast

from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.delivery import Delivery
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import InvalidSettingError, UndeliveredError
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.seams import Seams
from forgeledger.sdk.sqs_port import SqsWorking
from forgeledger.sdk.ticker import Ticker
from forgeledger.sdk.work.handler_calls import Handler
from forgeledger.sdk.work.ledger_link import LedgerLink
from forgeledger.sdk.work.stop_request import StopRequest
from forgeledger.sdk.work.work_message import DEFAULT_KIND
from forgeledger.sdk.work.work_queue import WorkQueue
from forgeledger.sdk.work.work_tally import WorkerSummary
from forgeledger.sdk.work.worker_loop import WorkerLoop, exponential_seconds
from forgeledger.sdk.work.worker_options import (
    WorkerOptions,
    check_handler,
    check_handlers,
    check_kind,
    checked_options,
    checked_queues,
)
from forgeledger.sdk.work.worker_shutdown import shut_down

_log = logging.getLogger("forgeledger.sdk")

_HOUSEKEEPING_SECONDS: Final = 0.2
_LAST_DELETIONS_SECONDS: Final = 2.0

HandlerT = TypeVar("HandlerT", bound=Handler)


class Worker:
    """Runs a handler for each message of one or several work queues, and reports on its item.

    A message is deleted only after SQS has accepted the command that ends its item. Handlers are
    chosen by the message's `kind`: give them as a mapping, or register them with
    `@worker.handles("kind")`, or both.

    queue_url: of the work queue, or a list of several, which take turns.
    reporter: by default one of its own, for the same endpoints.
    endpoints: by default as the environment says; `local` means the local cloud on this machine.
    retry_seconds: called with the number of deliveries of a message; returns the delay before the
        next one.
    backoff: for errors of the queue.
    """

    _seams = Seams()

    def __init__(
        self,
        queue_url: str | Sequence[str],
        handlers: Mapping[str, Handler] | None = None,
        *,
        options: WorkerOptions | None = None,
        reporter: Reporter | None = None,
        endpoints: Endpoints | None = None,
        local: bool = False,
        retry_seconds: Callable[[int], float] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._queue_urls = checked_queues(queue_url)
        check_handlers(handlers)
        self._options = checked_options(options)
        if endpoints is None:
            endpoints = Endpoints.local() if local else Endpoints.from_environment()
        self._endpoints = endpoints
        # The user's mapping itself, which may be filled later or handle any kind; never written.
        given = cast("MutableMapping[str, Handler]", handlers or {})
        self._handlers = ChainMap[str, Handler]({}, given)
        self._reporter = reporter or Reporter(endpoints=endpoints)
        self._link = LedgerLink(endpoints, self._options.claim, self._seams)
        self._retry_seconds = retry_seconds or exponential_seconds
        self._backoff = backoff or Backoff()
        self._stopping = StopRequest()

    def handles(self, kind: str = DEFAULT_KIND) -> Callable[[HandlerT], HandlerT]:
        """Registers the decorated function as the handler of that kind."""
        check_kind(kind)

        def register(handler: HandlerT) -> HandlerT:
            check_handler(kind, handler)
            if kind in self._handlers:
                raise InvalidSettingError(f"handlers[{kind!r}]", "is registered already")
            self._handlers[kind] = handler
            return handler

        return register

    def stop(self) -> None:
        """Ends run(): no message is begun any more, and handlers get the grace time to finish."""
        self._stopping.ask()

    def run(self) -> WorkerSummary:
        """Works until stop() or SIGTERM; raises UndeliveredError if commands were left over."""
        if not self._handlers:
            raise InvalidSettingError("handlers", "is empty, so every item would fail")
        loop, began = self._make_loop(), time.monotonic()
        try:
            delivery = self._run(loop)
        except KeyboardInterrupt:
            # The second Ctrl-C.
            self._log_end(loop, began, f"; interrupted, {len(loop.tally.running()):,} unfinished")
            raise
        left = delivery.pending + len(delivery.failed)
        self._log_end(loop, began, f"; {left:,} commands not delivered" if left else "")
        if loop.error is not None:
            raise loop.error
        if not delivery.is_complete:
            raise UndeliveredError(delivery)
        return loop.tally.summary()

    def _make_loop(self) -> WorkerLoop:
        queues = [
            WorkQueue(
                queue_url,
                self._client(queue_url),
                wait_seconds=self._options.wait_seconds,
                visibility_seconds=self._options.visibility_seconds,
            )
            for queue_url in self._queue_urls
        ]
        return WorkerLoop(
            queues=queues,
            reporter=self._reporter,
            handlers=self._handlers,
            options=self._options,
            retry_seconds=self._retry_seconds,
            backoff=self._backoff,
            stopping=self._stopping,
            link=self._link,
        )

    def _client(self, queue_url: str) -> SqsWorking:
        if self._seams.make_client is not None:
            return cast("SqsWorking", self._seams.make_client())
        read_seconds = self._options.wait_seconds + 10
        client: SqsWorking = self._endpoints.sqs_client(queue_url, read_seconds=read_seconds)
        return client

    def _run(self, loop: WorkerLoop) -> Delivery:
        housekeeping = Ticker("forgeledger-housekeeping").every(
            _HOUSEKEEPING_SECONDS, loop.housekeep
        )
        with self._stopping.by_signals(), housekeeping, self._link.listening():
            names = ", ".join(self._queue_urls)
            _log.info("worker %s works on %s", self._reporter.worker_id, names)
            loop.start()
            self._stopping.wait()
            delivery = shut_down(loop)
        loop.finish(_LAST_DELETIONS_SECONDS)
        return delivery

    def _log_end(self, loop: WorkerLoop, began: float, left_over: str) -> None:
        _log.log(
            logging.WARNING if left_over else logging.INFO,
            "worker %s ended after %.1f s: %s%s",
            self._reporter.worker_id,
            time.monotonic() - began,
            loop.tally.summary(),
            left_over,
        )
