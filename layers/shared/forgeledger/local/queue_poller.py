"""An SQS queue as event source: receive a batch, invoke, delete what succeeded."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from forgeledger.batched import batched
from forgeledger.local.engine import REGION
from forgeledger.local.engine_calls import DELETE, RECEIVE, Call, EngineRefused
from forgeledger.local.queue_batches import run_batch
from forgeledger.local.sqs_events import passes, sqs_record
from forgeledger.local.stack import QueueMapping

RECEIVE_LIMIT: Final = 10
LONG_POLL_SECONDS: Final = 1
ERROR_PAUSE_SECONDS: Final = 0.5
BUSY_PAUSE_SECONDS: Final = 0.05
_SHORT_POLLS: Final = (0.005, 0.01, 0.02, 0.02, 0.05, 0.05, 0.1, 0.1)
logger = logging.getLogger(__name__)


class QueuePoller:
    """Several threads, of which one polls the queue while the others run batches.

    The queue locks a message group while a message of it is in flight, so that groups run in
    parallel and the messages of one group in order.
    """

    def __init__(
        self,
        mapping: QueueMapping,
        invoke: Callable[[Any], Any],
        call: Call,
        *,
        concurrency: int,
    ) -> None:
        self._mapping = mapping
        self._invoke = invoke
        self._call = call
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._empty_polls = 0
        self._in_flight = 0
        self._counting = threading.Lock()
        self._finished = threading.Event()
        wanted = mapping.maximum_concurrency or concurrency
        self._threads = [
            threading.Thread(target=self._run, name=f"{mapping.function}-{index}", daemon=True)
            for index in range(min(wanted, concurrency))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def halt(self) -> None:
        """Receive no more; batches in flight are finished."""
        self._stopping.set()

    def join(self, deadline: float) -> None:
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.poll_once()
            except EngineRefused as error:
                logger.warning("%s: %s", self._mapping.queue_url, error)
                self._stopping.wait(ERROR_PAUSE_SECONDS)
            except Exception:  # The thread must survive any error.
                logger.exception("%s: a batch will be redelivered", self._mapping.queue_url)
                self._stopping.wait(ERROR_PAUSE_SECONDS)

    def poll_once(self) -> int:
        """Receive and run one batch; returns its number of messages."""
        with self._turn:
            messages = self._collect()
            if not messages:
                return 0
            self._count(1)
        try:
            self._run_batch(messages)
        finally:
            self._count(-1)
        return len(messages)

    def _run_batch(self, messages: Sequence[Mapping[str, Any]]) -> None:
        records = [
            sqs_record(message, queue_arn=self._mapping.queue_arn, region=REGION)
            for message in messages
        ]
        matching: list[Mapping[str, Any]] = []
        done: list[Mapping[str, Any]] = []  # Lambda deletes what no filter matches.
        for record in records:
            (matching if passes(record, self._mapping.patterns) else done).append(record)
        if matching:
            reports_failures = self._mapping.reports_failures
            done += run_batch(matching, self._invoke, reports_failures=reports_failures)
        self._delete(done)

    def _count(self, change: int) -> None:
        with self._counting:
            self._in_flight += change
        if change < 0:
            self._finished.set()

    def _collect(self) -> list[dict[str, Any]]:
        """Up to a batch of what is there, and what arrives within the batching window."""
        if self._stopping.is_set():
            return []
        size = self._mapping.batch_size
        messages = self._receive(min(size, RECEIVE_LIMIT), wait_seconds=self._pause())
        deadline = time.monotonic() + self._mapping.window_seconds
        while messages and len(messages) < size and self._waits_for_more(len(messages), deadline):
            more = self._receive(min(size - len(messages), RECEIVE_LIMIT), wait_seconds=0)
            messages += more
            if not more and self._stopping.wait(0.02):
                break
        self._empty_polls = 0 if messages else self._empty_polls + 1
        return messages

    def _waits_for_more(self, count: int, deadline: float) -> bool:
        """Fill a batch of more than ten while receives return full pages, or the window lasts."""
        full = count % RECEIVE_LIMIT == 0
        return time.monotonic() < deadline or (full and self._mapping.batch_size > RECEIVE_LIMIT)

    def _pause(self) -> int:
        """Pause before a receive, and return how long the engine should wait in it.

        No pause during traffic, then longer ones, then long polls. The engine checks those ten
        times a second; short polls find a message sooner.
        """
        if self._empty_polls == 0:
            return 0
        if self._in_flight:
            # The rest may be in locked groups, and each receive costs the engine a scan.
            self._finished.wait(BUSY_PAUSE_SECONDS)
            self._finished.clear()
            return 0
        if self._empty_polls <= len(_SHORT_POLLS):
            self._stopping.wait(_SHORT_POLLS[self._empty_polls - 1])
            return 0
        return LONG_POLL_SECONDS

    def _receive(self, size: int, *, wait_seconds: int) -> list[dict[str, Any]]:
        response = self._call(
            RECEIVE,
            {
                "QueueUrl": self._mapping.queue_url,
                "MaxNumberOfMessages": size,
                "WaitTimeSeconds": wait_seconds,
                "MessageSystemAttributeNames": ["All"],
                "MessageAttributeNames": ["All"],
            },
        )
        messages: list[dict[str, Any]] = response.get("Messages", [])
        return messages

    def _delete(self, records: Sequence[Mapping[str, Any]]) -> None:
        for part in batched(records, RECEIVE_LIMIT):
            entries = [
                {"Id": str(index), "ReceiptHandle": record["receiptHandle"]}
                for index, record in enumerate(part)
            ]
            response = self._call(DELETE, {"QueueUrl": self._mapping.queue_url, "Entries": entries})
            for failure in response.get("Failed", []):
                # It will be redelivered, which the function has to handle anyway.
                logger.warning("could not delete from %s: %s", self._mapping.queue_url, failure)
