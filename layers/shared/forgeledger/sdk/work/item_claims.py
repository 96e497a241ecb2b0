"""Claims and heartbeats over HTTP, for workers that ask before they begin."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from forgeledger.sdk.api.item_commands import ItemCommands
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import (
    ConflictError,
    InvalidCommandError,
    InvalidRequestError,
    NotFoundError,
    SdkError,
)
from forgeledger.sdk.records import CommandAnswer
from forgeledger.sdk.work.claim_answer import Admission, admission_of
from forgeledger.sdk.work.ended_items import EndedItems
from forgeledger.sdk.work.work_message import WorkMessage

_log = logging.getLogger("forgeledger.sdk")

# Of heartbeats: what the handler still does will not count.
_LOST: Final = frozenset(
    {"already_completed", "already_failed", "already_canceled", "stale_attempt"}
)
# The fault of one message, and so no reason to pause.
_WRONG_MESSAGE: Final = (ConflictError, InvalidCommandError, InvalidRequestError, NotFoundError)
# A heartbeat that is later than this share of its interval takes the queue, which is faster.
_LATE_SHARE: Final = 0.25


class ItemClaims:
    """Thread-safe. What this process holds, and whether the API can be reached.

    To the ledger a worker's second claim of an item is the first one again. So two messages of one
    item in one process are told apart here.
    """

    def __init__(
        self,
        claiming: ItemCommands,
        beating: ItemCommands,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._claiming = claiming
        # Without retries: the next heartbeat is the retry.
        self._beating = beating
        self._clock = clock
        self._lock = threading.Lock()
        self._at_work: set[tuple[str, str]] = set()
        self._ended = EndedItems()
        self._backoff = Backoff(first_seconds=1.0, most_seconds=30.0)
        self._failures = 0
        self._paused_until = 0.0

    def pause_seconds(self) -> float:
        """How long no claim should be sent, because the API did not answer."""
        return max(0.0, self._paused_until - self._clock())

    def claim(self, work: WorkMessage, worker_id: str, lease_seconds: int | None) -> Admission:
        if self.pause_seconds():
            return Admission(action="hand_back", reason="the ledger did not answer a moment ago")
        key = work.job_id, work.item_id
        with self._lock:
            if key in self._at_work:
                return Admission(action="hand_back", reason="this worker has the item already")
            self._at_work.add(key)
        admission = Admission(action="hand_back")
        try:
            admission = self._asked(work, worker_id, lease_seconds)
        finally:
            if admission.action != "run":
                self.leave(work)
        return admission

    def _asked(self, work: WorkMessage, worker_id: str, lease_seconds: int | None) -> Admission:
        ended = self._ended.latest(work)
        fields = {"worker_id": worker_id, "lease_seconds": lease_seconds}
        try:
            answer = self._answer(work, ended or work.attempt, fields)
            if ended and _is_taken_over(answer, work, ended):
                answer = self._answer(work, work.attempt, fields)
        except _WRONG_MESSAGE as error:
            _log.warning("claim of %s: %.500s", work, error)
            return Admission(action="hand_back", reason=type(error).__name__)
        except SdkError as error:
            self._note_failure()
            _log.warning("the ledger cannot be asked for claims: %.500s", error)
            return Admission(action="hand_back", reason="the ledger did not answer")
        self._failures, self._paused_until = 0, 0.0
        admission = admission_of(answer, work)
        if admission.action == "run" and admission.attempt == ended:
            return Admission(action="hand_back", reason="its end is on its way to the ledger")
        return admission

    def _answer(self, work: WorkMessage, attempt: int, fields: Mapping[str, Any]) -> CommandAnswer:
        if work.dispatch is not None:
            # Else the attempt is the ledger's to count.
            fields = {**fields, "attempt": attempt, "dispatch": work.dispatch}
        return self._claiming.claim(work.job_id, work.item_id, **fields)

    def heartbeat(self, work: WorkMessage, attempt: int, lease_seconds: int | None) -> bool | None:
        """Whether the item is still this worker's; None if the ledger could not be asked."""
        if self.pause_seconds():
            return None
        try:
            answer = self._beating.heartbeat(
                work.job_id,
                work.item_id,
                attempt=attempt,
                dispatch=work.dispatch,
                lease_seconds=lease_seconds,
            )
        except SdkError as error:
            self._note_failure()
            _log.info("heartbeat over HTTP: %.500s", error)
            return None
        return not (answer.is_rejected and answer.reason in _LOST)

    def is_late(self, beat_at: float, every_seconds: float) -> bool:
        """Whether heartbeats lag behind: then asking would endanger the leases of other items."""
        return self._clock() - beat_at > every_seconds * (1 + _LATE_SHARE)

    def note_end(self, work: WorkMessage, attempt: int) -> None:
        """The item's end is accepted, so that its claim does not stand any more."""
        self._ended.note(work, attempt)

    def leave(self, work: WorkMessage) -> None:
        """Another message of the item may be begun."""
        with self._lock:
            self._at_work.discard((work.job_id, work.item_id))

    def _note_failure(self) -> None:
        with self._lock:
            # What was asked at the same time fails for the same reason.
            if not self.pause_seconds():
                self._failures += 1
                self._paused_until = self._clock() + self._backoff.seconds(self._failures)


def _is_taken_over(answer: CommandAnswer, work: WorkMessage, ended: int) -> bool:
    """Whether the end that was sent from here is void, since another worker had the item by then.

    To the ledger a greater attempt of the same worker is its next one. So before it claims a
    dispatch that it has ended, the worker claims it once more with the attempt that has ended.
    """
    item = answer.item
    return (
        work.dispatch is not None
        and item is not None
        and item.state == "IN_PROGRESS"
        and item.dispatch == work.dispatch
        and item.attempt > ended
    )
