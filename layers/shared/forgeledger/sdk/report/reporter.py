"""Tells the ledger what becomes of items, in as few messages and requests as the limits allow."""

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.command import (
    Command,
    CommandIds,
    CommandType,
    FailedBy,
    Failure,
    encode,
    worker_name,
)
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import UndeliveredError
from forgeledger.sdk.records import Delivery
from forgeledger.sdk.report.background_sender import BackgroundSender, SenderOptions
from forgeledger.sdk.report.item_work import ItemWork
from forgeledger.sdk.report.outbox import OutboxLimits
from forgeledger.sdk.report.process_hooks import debt_of, enroll, enroll_process
from forgeledger.sdk.report.sqs_sender import Sender
from forgeledger.sdk.setting_checks import checked_timeout
from forgeledger.sdk.sqs_port import SqsSending
from forgeledger.sdk.ticker import Ticker
from forgeledger.sdk.work.handler_calls import Handler
from forgeledger.sdk.work.lambda_batch import run_batch
from forgeledger.unknown_fields import UnknownFields

_log = logging.getLogger("forgeledger.sdk")

OnSettled = Callable[[bool], None]


class Reporter:
    """Thread-safe, and meant to be made once per process.

    Commands of a lane reach the ledger in the order in which they were reported. A command waits
    in the buffer for at most twice the linger time; a claim waits there for its completion, so a
    short item costs one message and one item write. Nothing is dropped: what SQS does not take
    stays in the buffer, a full buffer blocks, and flush() tells what is not delivered.
    """

    def __init__(
        self,
        *,
        command_queue_url: str | None = None,
        endpoints: Endpoints | None = None,
        local: bool = False,
        worker_id: str | None = None,
        limits: OutboxLimits | None = None,
        backoff: Backoff | None = None,
        block_seconds: float = 30.0,
        flush_seconds: float = 30.0,
        background: bool = True,
        make_client: Callable[[], SqsSending] | None = None,
        clock: Callable[[], float] = time.monotonic,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if endpoints is None:
            endpoints = Endpoints.local() if local else Endpoints.from_environment()
        queue_url = endpoints.needed_command_queue_url(command_queue_url)
        self._worker_id = None if worker_id is None else worker_name(worker_id)
        self._block_seconds = checked_timeout("block_seconds", block_seconds)
        self.flush_seconds = checked_timeout("flush_seconds", flush_seconds)
        self._utc_now = utc_now
        self._ids = CommandIds()
        self.unknown_fields = UnknownFields()
        self._owe = debt_of(self)
        self._courier = BackgroundSender(
            Sender(
                queue_url, make_client or (lambda: endpoints.sqs_client(queue_url, read_seconds=10))
            ),
            SenderOptions(
                limits=limits or OutboxLimits(),
                backoff=backoff or Backoff(),
                background=background,
            ),
            clock,
            self._owe,
        )
        self.heartbeats = Ticker("forgeledger-heartbeats", clock)
        self._process_worker_id = _name_of_process()
        enroll(self)

    @property
    def worker_id(self) -> str:
        """The name given, or one of this process: host and process number."""
        return self._worker_id or self._process_worker_id

    def claim(
        self,
        job_id: str,
        item_id: str,
        *,
        attempt: int | None = None,
        lease_seconds: int | None = None,
        on_settled: OnSettled | None = None,
    ) -> None:
        """Work on the item begins."""
        command = self._command(
            "claim", job_id, item_id, attempt=attempt, lease_seconds=lease_seconds
        )
        self._put(command, on_settled)

    def heartbeat(
        self,
        job_id: str,
        item_id: str,
        *,
        attempt: int | None = None,
        lease_seconds: int | None = None,
        block_seconds: float | None = None,
    ) -> None:
        """Work goes on; a lease is renewed."""
        command = self._command(
            "heartbeat", job_id, item_id, attempt=attempt, lease_seconds=lease_seconds
        )
        self._put(command, None, block_seconds)

    def complete(
        self,
        job_id: str,
        item_id: str,
        *,
        result: Any = None,
        attempt: int | None = None,
        on_settled: OnSettled | None = None,
    ) -> None:
        """The item is done."""
        command = self._command("complete", job_id, item_id, attempt=attempt, result=result)
        self._put(command, on_settled)

    def fail(
        self,
        job_id: str,
        item_id: str,
        error: FailedBy,
        *,
        attempt: int | None = None,
        on_settled: OnSettled | None = None,
    ) -> None:
        """The item failed; the ledger knows whether it may be tried again."""
        failure = Failure.of(error)
        command = self._command("fail", job_id, item_id, attempt=attempt, failure=failure)
        self._put(command, on_settled)

    def release(
        self,
        job_id: str,
        item_id: str,
        *,
        attempt: int | None = None,
        on_settled: OnSettled | None = None,
        block_seconds: float | None = None,
    ) -> None:
        """The item is given back unfinished; the attempt does not count."""
        command = self._command("release", job_id, item_id, attempt=attempt)
        self._put(command, on_settled, block_seconds)

    def item(
        self,
        job_id: str,
        item_id: str,
        *,
        attempt: int | None = None,
        fenced: bool = True,
        lease_seconds: int | None = None,
        heartbeat_seconds: float | None = None,
        kind: str | None = None,
        payload: Any = None,
        on_settled: OnSettled | None = None,
    ) -> ItemWork:
        """The work on an item as a block: `with reporter.item(job_id, item_id) as item: ...`."""
        return ItemWork(
            self,
            job_id,
            item_id,
            attempt=attempt,
            fenced=fenced,
            lease_seconds=lease_seconds,
            heartbeat_seconds=heartbeat_seconds,
            kind=kind,
            payload=payload,
            on_settled=on_settled,
        )

    def lambda_batch(
        self,
        event: Mapping[str, Any],
        handler: Handler,
        *,
        context: Any = None,
        fenced: bool = False,
        lease_seconds: int | None = None,
    ) -> dict[str, Any]:
        """The answer of an SQS-triggered Lambda function, partial failures told."""
        return run_batch(
            self, event, handler, context=context, fenced=fenced, lease_seconds=lease_seconds
        )

    def flush(self, timeout_seconds: float | None = None) -> Delivery:
        """Sends what was reported so far and says what is delivered; see Delivery."""
        if timeout_seconds is None:
            timeout_seconds = self.flush_seconds
        return self._courier.flush(checked_timeout("timeout_seconds", timeout_seconds))

    def undelivered(self) -> list[Command]:
        """What is still in the buffer."""
        return self._courier.undelivered()

    def close(self) -> None:
        """Flushes, and raises UndeliveredError if not everything could be delivered."""
        delivery = self.flush()
        # Who is told of what is left decides what becomes of it.
        self._owe(False)
        if not delivery.is_complete:
            raise UndeliveredError(delivery)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.at_exit()

    def at_exit(self, spent_seconds: float = 0.0) -> None:
        """As close(), where raising would hide something or reach nobody."""
        delivery = self.flush(max(0.0, self.flush_seconds - spent_seconds))
        self._owe(False)
        if not delivery.is_complete:
            _log.error("%s", UndeliveredError(delivery))

    def after_fork_in_child(self) -> None:
        """The child begins with an empty buffer, its own connections and its own name."""
        self._courier.start_empty()
        self.heartbeats.start_empty()
        self._ids = CommandIds()
        self.unknown_fields = UnknownFields()
        self._process_worker_id = _name_of_process()

    def _command(
        self,
        kind: CommandType,
        job_id: str,
        item_id: str,
        *,
        attempt: int | None,
        lease_seconds: int | None = None,
        result: Any = None,
        failure: Failure | None = None,
    ) -> Command:
        return encode(
            kind,
            job_id,
            item_id,
            command_id=self._ids.next(),
            at=self._utc_now(),
            attempt=attempt,
            worker_id=self.worker_id,
            lease_seconds=lease_seconds,
            result=result,
            failure=failure,
        )

    def _put(
        self, command: Command, on_settled: OnSettled | None, block_seconds: float | None = None
    ) -> None:
        enroll_process()
        self._courier.put(
            command,
            block_seconds=self._block_seconds if block_seconds is None else block_seconds,
            on_settled=on_settled,
        )


def _name_of_process() -> str:
    return f"{socket.gethostname()[:200]}-{os.getpid()}"
