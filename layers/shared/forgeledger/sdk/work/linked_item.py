"""What one item asks of the ledger, and hears from it, while it runs."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from forgeledger.sdk.report.item_work import Pace
from forgeledger.sdk.work.claim_answer import Admission
from forgeledger.sdk.work.item_claims import ItemClaims
from forgeledger.sdk.work.job_watch import JobWatch
from forgeledger.sdk.work.work_message import WorkMessage

_log = logging.getLogger("forgeledger.sdk")

# An item that runs for so long may need a heartbeat, and so the lease of its job.
_LONG_SECONDS: Final = 1.0


class ItemHome(Protocol):
    """What an item needs of the link that it runs under."""

    clock: Callable[[], float]
    watch: JobWatch | None
    claims: ItemClaims | None

    def begin(self, item: "LinkedItem") -> None: ...

    def end(self, item: "LinkedItem") -> None: ...

    def note_over(self, work: WorkMessage) -> None: ...


class LinkedItem:
    """What one item asks while it runs."""

    __slots__ = (
        "_attempt",
        "_beat_at",
        "_began",
        "_follows_job",
        "_granted_seconds",
        "_lease_seconds",
        "_link",
        "_lost",
        "_pace",
        "_ran_out",
        "_work",
    )

    def __init__(
        self,
        link: ItemHome,
        work: WorkMessage,
        admission: Admission,
        lease_seconds: int | None,
    ) -> None:
        self._link = link
        self._work = work
        self._attempt = admission.attempt
        self._lease_seconds = lease_seconds
        # An item that was asked for has the lease that was granted, and commands may bring theirs.
        self._follows_job = not self.is_claimed and lease_seconds is None
        self._granted_seconds = admission.lease_seconds
        self._pace: Pace | None = None
        self._began = self._beat_at = link.clock()
        self._lost = False
        self._ran_out = False

    @property
    def is_claimed(self) -> bool:
        return self._attempt is not None

    @property
    def job_id(self) -> str:
        return self._work.job_id

    def begin(self, pace: Pace | None) -> None:
        self._pace = pace
        self._hear(self._granted_seconds)
        self._hear(self._work.lease_seconds)
        self.hear_lease()
        self._link.begin(self)

    def needs_lease(self) -> bool:
        """Whether it runs for a while, and by the lease of its job."""
        is_long = self._link.clock() - self._began >= _LONG_SECONDS
        return is_long and self._follows_job and self._pace is not None

    def hear_lease(self) -> None:
        watch = self._link.watch
        if self._follows_job and watch is not None:
            self._hear(watch.lease_seconds(self.job_id))

    def _hear(self, lease_seconds: float | None) -> None:
        if lease_seconds and self._pace is not None:
            self._pace(lease_seconds)

    def end(self, *, is_decided: bool) -> None:
        """The handler is through; if its end did not reach the buffer, nothing will settle it."""
        self._link.end(self)
        if not is_decided and self._link.claims is not None:
            self._link.claims.leave(self._work)

    def settle(self, delivered: bool) -> None:
        if delivered:
            self._link.note_over(self._work)
        if self._attempt is None or self._link.claims is None:
            return
        if delivered:
            self._link.claims.note_end(self._work, self._attempt)
        self._link.claims.leave(self._work)

    def is_over(self) -> bool:
        watch = self._link.watch
        ended = watch is not None and watch.has_ended_since(self._work.job_id, self._began)
        return self._lost or ended

    def seconds_left(self) -> float | None:
        limit = self._work.run_seconds
        return None if limit is None else self._began + limit - self._link.clock()

    def beat(self, every_seconds: float) -> bool:
        """Sends a heartbeat over HTTP; False if it has to go by the queue.

        None is sent once the attempt has taken longer than the policy lets it: none would extend
        the lease.
        """
        left = self.seconds_left()
        if left is not None and left <= 0:
            if not self._ran_out:
                limit = self._work.run_seconds
                _log.warning("%s takes longer than its %s s (runSeconds)", self._work, limit)
            self._ran_out = True
            return True
        claims, attempt = self._link.claims, self._attempt
        if claims is None or attempt is None:
            return False
        late = claims.is_late(self._beat_at, every_seconds)
        self._beat_at = self._link.clock()
        if late:
            return False
        is_mine = claims.heartbeat(self._work, attempt, self._lease_seconds)
        self._lost = self._lost or is_mine is False
        return is_mine is not None
