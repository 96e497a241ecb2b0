"""A standard SQS work queue: receive messages, extend, hand back or delete them."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from forgeledger.batched import batched
from forgeledger.sdk.report.sqs_sender import CALL_ERRORS
from forgeledger.sdk.sqs_port import SqsWorking
from forgeledger.sdk.work.worker_options import MOST_VISIBILITY_SECONDS

Row = TypeVar("Row")

_log = logging.getLogger("forgeledger.sdk")

ENTRIES_PER_REQUEST: Final = 10
_EXTEND_AGAIN_SECONDS: Final = 1.0
_DELETE_AGAIN_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    message_id: str
    receipt: str
    body: str
    receive_count: int
    # UTC, in seconds; None if the queue does not say.
    sent_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Deletion:
    """A message that is not deleted is redelivered; the ledger recognises the repeated work."""

    receipt: str
    tries_left: int = 5


def sent_at_of(attributes: Mapping[str, str]) -> float | None:
    """UTC in seconds, from the system attributes of a message."""
    sent = attributes.get("SentTimestamp")
    return None if sent is None else int(sent) / 1_000


class WorkQueue:
    """Thread-safe. Keeps the receipts of received messages; housekeep() batches the requests."""

    def __init__(
        self,
        queue_url: str,
        client: SqsWorking,
        *,
        wait_seconds: int,
        visibility_seconds: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue_url = queue_url
        self._client = client
        self._wait_seconds = wait_seconds
        self._visibility_seconds = visibility_seconds
        self._clock = clock
        self._lock = threading.Lock()
        # Held during all of housekeep(), so that a second call returns after the first is done.
        self._housekeeping = threading.Lock()
        self._received: dict[str, float] = {}
        self._done: list[_Deletion] = []
        self._handed_back: list[tuple[str, int]] = []

    def warn_without_redrive(self) -> None:
        """A message that is never settled would come back until the queue's retention is over."""
        try:
            answer = self._client.get_queue_attributes(
                QueueUrl=self._queue_url, AttributeNames=["RedrivePolicy"]
            )
        except Exception as error:  # noqa: BLE001 - a warning is not worth a poller that dies.
            # The permission is not needed for anything else.
            _log.debug("work queue: %s", error)
            return
        if not answer.get("Attributes", {}).get("RedrivePolicy"):
            _log.warning(
                "the work queue has no redrive policy: a message that nothing settles comes back "
                "until it is too old; give the queue a dead-letter queue (%s)",
                self._queue_url,
            )

    def receive(self, most: int, *, at_once: bool = False) -> list[Received]:
        """Up to that many messages; waits a while if there are none, unless `at_once`."""
        answer = self._client.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(most, ENTRIES_PER_REQUEST),
            WaitTimeSeconds=0 if at_once else self._wait_seconds,
            VisibilityTimeout=self._visibility_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        received = [
            Received(
                message_id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                body=message["Body"],
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
                sent_at=sent_at_of(message["Attributes"]),
            )
            for message in answer.get("Messages", ())
        ]
        with self._lock:
            extend_at = self._clock() + self._visibility_seconds / 2
            for message in received:
                self._received[message.receipt] = extend_at
        return received

    def done(self, receipt: str) -> None:
        """The message is settled and will be deleted."""
        with self._lock:
            if self._received.pop(receipt, None) is not None:
                self._done.append(_Deletion(receipt))

    def hand_back(self, receipt: str, delay_seconds: int) -> None:
        """The message becomes visible again after the delay."""
        with self._lock:
            if self._received.pop(receipt, None) is not None:
                # SQS limits the visibility timeout to 12 hours after the receive.
                delay = max(0, min(delay_seconds, MOST_VISIBILITY_SECONDS))
                self._handed_back.append((receipt, delay))

    def housekeep(self) -> None:
        """Deletes settled messages, hands back others, and extends those that are worked on."""
        with self._housekeeping:
            with self._lock:
                done, self._done = self._done, []
                visibilities, self._handed_back = self._handed_back, []
                now = self._clock()
                for receipt, extend_at in self._received.items():
                    if extend_at <= now:
                        self._received[receipt] = now + self._visibility_seconds / 2
                        visibilities.append((receipt, self._visibility_seconds))
            self._delete(done)
            self._change_visibility(visibilities)

    def finish(self, timeout_seconds: float) -> None:
        """Hands back what is still received, and retries deletions until the timeout."""
        deadline = time.monotonic() + timeout_seconds
        with self._lock:
            self._handed_back += [(receipt, 0) for receipt in self._received]
            self._received.clear()
        self.housekeep()
        while self._done and time.monotonic() < deadline:
            time.sleep(_DELETE_AGAIN_SECONDS)
            self.housekeep()

    def _change_visibility(self, visibilities: Sequence[tuple[str, int]]) -> None:
        for batch in batched(visibilities, ENTRIES_PER_REQUEST):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                for number, (receipt, seconds) in enumerate(batch)
            ]
            refused = self._refused(self._client.change_message_visibility_batch, entries)
            with self._lock:
                for receipt in (batch[number][0] for number in refused):
                    # Half of the visibility timeout is left. Skip what was handed back.
                    if receipt in self._received:
                        self._received[receipt] = self._clock() + _EXTEND_AGAIN_SECONDS

    def _delete(self, deletions: Sequence[_Deletion]) -> None:
        for batch in batched(deletions, ENTRIES_PER_REQUEST):
            entries = [
                {"Id": str(number), "ReceiptHandle": deletion.receipt}
                for number, deletion in enumerate(batch)
            ]
            again = [
                _Deletion(batch[number].receipt, batch[number].tries_left - 1)
                for number in self._refused(self._client.delete_message_batch, entries)
                if batch[number].tries_left > 1
            ]
            with self._lock:
                self._done += again

    def _refused(
        self, call: Callable[..., Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]
    ) -> list[int]:
        """Makes the call; returns the numbers of the entries that failed."""
        try:
            answer = call(QueueUrl=self._queue_url, Entries=entries)
        except CALL_ERRORS as error:
            _log.warning("work queue: %s", error)
            return list(range(len(entries)))
        for entry in answer.get("Failed", ()):
            _log.warning("work queue: %s %s", entry.get("Code"), entry.get("Message"))
        return [int(entry["Id"]) for entry in answer.get("Failed", ())]
