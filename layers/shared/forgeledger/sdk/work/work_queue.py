"""A standard SQS work queue as a worker sees it: receive, keep, hand back, acknowledge."""

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


@dataclass(frozen=True, slots=True)
class _Deletion:
    """A message that is not deleted comes again: work done twice, but known to the ledger."""

    receipt: str
    tries_left: int = 5


class WorkQueue:
    """Holds the receipts of what is in hand; thread-safe, requests are batched by housekeep()."""

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
        # Held throughout, so that who comes second leaves only when what the first began is done.
        self._keeping = threading.Lock()
        self._in_hand: dict[str, float] = {}
        self._done: list[_Deletion] = []
        self._handed_back: list[tuple[str, int]] = []

    def receive(self, most: int) -> list[Received]:
        """Waits a while for up to that many messages."""
        answer = self._client.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(most, ENTRIES_PER_REQUEST),
            WaitTimeSeconds=self._wait_seconds,
            VisibilityTimeout=self._visibility_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        received = [
            Received(
                message_id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                body=message["Body"],
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
            )
            for message in answer.get("Messages", ())
        ]
        with self._lock:
            extend_at = self._clock() + self._visibility_seconds / 2
            for message in received:
                self._in_hand[message.receipt] = extend_at
        return received

    def done(self, receipt: str) -> None:
        """The message has done its service and will be deleted."""
        with self._lock:
            if self._in_hand.pop(receipt, None) is not None:
                self._done.append(_Deletion(receipt))

    def hand_back(self, receipt: str, delay_seconds: int) -> None:
        """The message becomes visible again after the delay."""
        with self._lock:
            if self._in_hand.pop(receipt, None) is not None:
                # SQS ends every message's invisibility so long after it was received.
                delay = max(0, min(delay_seconds, MOST_VISIBILITY_SECONDS))
                self._handed_back.append((receipt, delay))

    def housekeep(self) -> None:
        """Deletes what is done, hands back what was given up, and extends what is in hand."""
        with self._keeping:
            with self._lock:
                done, self._done = self._done, []
                visibilities, self._handed_back = self._handed_back, []
                now = self._clock()
                for receipt, extend_at in self._in_hand.items():
                    if extend_at <= now:
                        self._in_hand[receipt] = now + self._visibility_seconds / 2
                        visibilities.append((receipt, self._visibility_seconds))
            self._delete(done)
            self._change_visibility(visibilities)

    def finish(self, timeout_seconds: float) -> None:
        """Housekeeps until there is no deletion left to try; what is in hand is handed back."""
        deadline = time.monotonic() + timeout_seconds
        with self._lock:
            self._handed_back += [(receipt, 0) for receipt in self._in_hand]
            self._in_hand.clear()
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
                    # Half the time is left; what was handed back is no longer in hand.
                    if receipt in self._in_hand:
                        self._in_hand[receipt] = self._clock() + _EXTEND_AGAIN_SECONDS

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
        """Makes the call and says which of its entries were not done."""
        try:
            answer = call(QueueUrl=self._queue_url, Entries=entries)
        except CALL_ERRORS as error:
            _log.warning("work queue: %s", error)
            return list(range(len(entries)))
        for entry in answer.get("Failed", ()):
            _log.warning("work queue: %s %s", entry.get("Code"), entry.get("Message"))
        return [int(entry["Id"]) for entry in answer.get("Failed", ())]
