"""What is known of jobs, their ends and leases: one request a job every 15 seconds."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from forgeledger.sdk.errors import NotFoundError, SdkError
from forgeledger.sdk.records import Job

_log = logging.getLogger("forgeledger.sdk")

LOOK_SECONDS: Final = 15.0
_MOST_JOBS: Final = 1_000
# Messages carry the time of SQS, lookups that of this machine: so far may the two be apart.
_CLOCK_SKEW_SECONDS: Final = 5.0


@dataclass(slots=True)
class _Known:
    """What the latest lookup said; at first that a job runs, until it is worth a request."""

    # When the latest lookup began, which may not be answered yet.
    looked_at: float
    # When the lookup began that was answered last: by the watch's clock, and UTC in seconds.
    began: float = 0.0
    as_of: float = 0.0
    is_guess: bool = True
    ended: bool = False
    resuming: bool = False
    lease_seconds: float | None = None


class JobWatch:
    """Thread-safe. Fails open: a job that cannot be looked up counts as one that runs."""

    def __init__(
        self,
        job_of: Callable[[str], Job],
        *,
        clock: Callable[[], float] = time.monotonic,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._job_of = job_of
        self._clock = clock
        self._utc_now = utc_now
        self._lock = threading.Lock()
        # The least recently used job first.
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._warned = False
        # A request without an answer takes seconds: for a while no other job is asked about.
        self._paused_until = 0.0

    def had_ended(self, job_id: str, sent_at: float | None) -> bool:
        """Whether the job is known to have ended after a message of it was sent.

        A message that was sent later may belong to a job that was reopened since. `sent_at` is UTC
        in seconds.
        """
        if sent_at is None:
            return False
        waited = self._utc_now().timestamp() - sent_at
        known = self._look(job_id, waited_long=waited >= LOOK_SECONDS)
        return known.ended and sent_at < known.as_of - _CLOCK_SKEW_SECONDS

    def is_resuming(self, job_id: str) -> bool:
        """Whether items that were canceled with the job are being resumed, as last looked up."""
        return self._look(job_id, waited_long=True).resuming

    def has_ended_since(self, job_id: str, began: float) -> bool:
        """Whether a lookup since then, by the clock of this object, found it ended."""
        with self._lock:
            known = self._known.get(job_id)
            return known is not None and known.ended and known.began >= began

    def lease_seconds(self, job_id: str) -> float | None:
        """The lease of the job's policy, as far as it was looked up."""
        with self._lock:
            known = self._known.get(job_id)
            return None if known is None else known.lease_seconds

    def look(self, jobs: Mapping[str, bool]) -> None:
        """Looks up those of the jobs whose turn it is; an urgent one, the first time at once."""
        for job_id, is_urgent in jobs.items():
            self._look(job_id, waited_long=is_urgent)

    def _look(self, job_id: str, *, waited_long: bool = False) -> _Known:
        with self._lock:
            now = self._clock()
            known = self._known.get(job_id)
            if known is None:
                known = self._known[job_id] = _Known(looked_at=now)
                if len(self._known) > _MOST_JOBS:
                    self._known.popitem(last=False)
            self._known.move_to_end(job_id)
            is_fresh = now - known.looked_at < LOOK_SECONDS
            if now < self._paused_until or (is_fresh and not (known.is_guess and waited_long)):
                return known
            # From here on the other threads see a fresh entry and do not ask as well.
            known.looked_at, known.is_guess = now, False
        as_of = self._utc_now().timestamp()
        job = self._job(job_id)
        with self._lock:
            known.began, known.as_of = now, as_of
            known.ended = job is not None and (job.is_finished or job.ending is not None)
            known.resuming = job is not None and job.resuming
            if job is not None:
                known.lease_seconds = (job.raw.get("policy") or {}).get("leaseSeconds") or None
            return known

    def _job(self, job_id: str) -> Job | None:
        try:
            job = self._job_of(job_id)
        except NotFoundError:
            return None
        except SdkError as error:
            self._paused_until = self._clock() + LOOK_SECONDS
            if not self._warned:
                _log.warning("whether jobs have ended cannot be looked up: %.500s", error)
            self._warned = True
            return None
        self._warned = False
        return job
