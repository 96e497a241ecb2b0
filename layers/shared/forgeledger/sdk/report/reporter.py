"""Report what becomes of items, in as few messages and requests as the limits allow."""

import logging
import os
import secrets
import socket
from types import TracebackType
from typing import Any, Self

from forgeledger.jobs.messages.command_fields import WORKER_ID
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.command import Command, CommandIds, CommandType
from forgeledger.sdk.command_checks import checked_text
from forgeledger.sdk.command_encoder import encode
from forgeledger.sdk.delivery import Delivery
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import UndeliveredError
from forgeledger.sdk.failure import Failure
from forgeledger.sdk.records import JobRef, job_id_of
from forgeledger.sdk.report.background_sender import BackgroundSender, SenderOptions
from forgeledger.sdk.report.command_reports import CommandReports
from forgeledger.sdk.report.item_work import ItemLink, ItemWork
from forgeledger.sdk.report.lane_buffer import OnDelivery
from forgeledger.sdk.report.outbox import OutboxLimits
from forgeledger.sdk.report.process_hooks import (
    flush_at_exit_of_child,
    keep_alive_while_pending,
    register,
)
from forgeledger.sdk.report.sqs_sender import Sender
from forgeledger.sdk.seams import Seams
from forgeledger.sdk.setting_checks import checked_timeout
from forgeledger.sdk.ticker import Ticker
from forgeledger.unknown_fields import UnknownFields

_log = logging.getLogger("forgeledger.sdk")


class Reporter(CommandReports):
    """Thread-safe; make one per process.

    Commands of a lane reach the ledger in the order in which they were reported. A command waits
    in the buffer for at most twice the linger time. A claim waits there for its completion, so
    that a short item costs one message and one item write. Nothing is dropped: what SQS does not
    accept stays in the buffer, a full buffer blocks, and flush() returns what is not delivered.

    command_queue_url, endpoints: where to; by default as the environment says. `local` means the
        local cloud on this machine.
    worker_id: the name in the commands; by default host, process number and six random letters.
    limits, backoff: of the buffer, and of what SQS refuses.
    block_seconds: how long a report waits for room in a full buffer before it raises. Default 30.0.
    flush_seconds: how long the end of `with` and of the process wait for delivery. Default 30.0.
    background: whether a thread sends; without it only flush() does. Default True.
    """

    _seams = Seams()

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
    ) -> None:
        if endpoints is None:
            endpoints = Endpoints.local() if local else Endpoints.from_environment()
        self.endpoints = endpoints
        queue_url = endpoints.needed_command_queue_url(command_queue_url)
        self._worker_id = None if worker_id is None else checked_text(WORKER_ID, worker_id)
        self._block_seconds = checked_timeout("block_seconds", block_seconds)
        self.flush_seconds = checked_timeout("flush_seconds", flush_seconds)
        self._ids = CommandIds()
        self.unknown_fields = UnknownFields()
        self._set_pending = keep_alive_while_pending(self)
        make_client = self._seams.make_client or (
            lambda: endpoints.sqs_client(queue_url, read_seconds=10)
        )
        self._sender = BackgroundSender(
            Sender(queue_url, make_client),
            SenderOptions(
                limits=limits or OutboxLimits(), backoff=backoff or Backoff(), background=background
            ),
            self._seams.clock,
            self._set_pending,
        )
        self.heartbeats = Ticker("forgeledger-heartbeats", self._seams.clock)
        self._process_worker_id = _name_of_process()
        register(self)

    @property
    def worker_id(self) -> str:
        """The given name, or one of this process alone."""
        return self._worker_id or self._process_worker_id

    def report(
        self,
        kind: CommandType,
        job: JobRef,
        item_id: str,
        *,
        attempt: int | None = None,
        dispatch: int | None = None,
        lease_seconds: int | None = None,
        result: Any = None,
        failure: Failure | None = None,
        retry_after_seconds: int | None = None,
        on_delivery: OnDelivery | None = None,
        block_seconds: float | None = None,
    ) -> None:
        """Puts a command of any kind into the buffer; claim(), complete() and the others use it."""
        command = encode(
            kind,
            job_id_of(job),
            item_id,
            command_id=self._ids.next(),
            at=self._seams.utc_now(),
            attempt=attempt,
            dispatch=dispatch,
            worker_id=self.worker_id,
            lease_seconds=lease_seconds,
            result=result,
            failure=failure,
            retry_after_seconds=retry_after_seconds,
        )
        flush_at_exit_of_child()
        self._sender.put(
            command,
            block_seconds=self._block_seconds if block_seconds is None else block_seconds,
            on_delivery=on_delivery,
        )

    def item(
        self,
        job: JobRef,
        item_id: str,
        *,
        attempt: int | None = None,
        fenced: bool = True,
        dispatch: int | None = None,
        lease_seconds: int | None = None,
        heartbeat_seconds: float | None = None,
        kind: str | None = None,
        payload: Any = None,
        on_delivery: OnDelivery | None = None,
        link: ItemLink | None = None,
    ) -> ItemWork:
        """The work on an item as a block: `with reporter.item(job, item_id) as item: ...`.

        Heartbeats come every third of `lease_seconds`, or every 30 seconds: a reporter does not
        know the lease of the job's policy, so give it here if it is shorter than that.
        """
        return ItemWork(
            self,
            job_id_of(job),
            item_id,
            attempt=attempt,
            fenced=fenced,
            dispatch=dispatch,
            lease_seconds=lease_seconds,
            heartbeat_seconds=heartbeat_seconds,
            kind=kind,
            payload=payload,
            on_delivery=on_delivery,
            link=link,
        )

    def flush(self, timeout_seconds: float | None = None) -> Delivery:
        """Sends all that was reported before the call, and returns what is delivered."""
        if timeout_seconds is None:
            timeout_seconds = self.flush_seconds
        return self._sender.flush(checked_timeout("timeout_seconds", timeout_seconds))

    def undelivered(self) -> list[Command]:
        """The commands in the buffer."""
        return self._sender.undelivered()

    def close(self) -> None:
        """Flushes, and raises UndeliveredError unless everything is delivered."""
        delivery = self.flush()
        # From here on the caller, who gets the error, decides what becomes of the rest.
        self._set_pending(False)
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
        """As close(), but it logs instead of raising, which would hide the error of a block."""
        delivery = self.flush(max(0.0, self.flush_seconds - spent_seconds))
        self._set_pending(False)
        if not delivery.is_complete:
            _log.error("%s", UndeliveredError(delivery))

    def after_fork_in_child(self) -> None:
        """The child starts with an empty buffer, its own connections and its own name."""
        self._sender.reset()
        self.heartbeats.reset()
        self._ids = CommandIds()
        self.unknown_fields = UnknownFields()
        self._process_worker_id = _name_of_process()


def _name_of_process() -> str:
    # Host and number alone are the same in many containers and Lambda environments.
    return f"{socket.gethostname()[:200]}-{os.getpid()}-{secrets.token_hex(3)}"
