"""Wait for a job: poll rarely while its end is far, more often when it is near."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from forgeledger.sdk.errors import WaitTimeoutError
from forgeledger.sdk.records import Job
from forgeledger.sdk.setting_checks import checked_timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """The pauses between two looks at a job that is waited for.

    first_seconds: the first pause, and the shortest. Default 0.5.
    most_seconds: the longest pause. Default 30.0.
    growth: the factor from one pause to the next. Default 1.5.
    """

    first_seconds: float = 0.5
    most_seconds: float = 30.0
    growth: float = 1.5


def wait_until_finished(
    status: Callable[[], Job],
    *,
    timeout_seconds: float | None,
    polling: Polling,
    on_progress: Callable[[Job], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Job:
    """The finished job, or WaitTimeoutError with the job as it was last seen."""
    if timeout_seconds is not None:
        checked_timeout("timeout_seconds", timeout_seconds)
    began = clock()
    pause = polling.first_seconds
    while True:
        job = status()
        if on_progress is not None:
            on_progress(job)
        if job.is_finished:
            return job
        left = None if timeout_seconds is None else timeout_seconds - (clock() - began)
        if left is not None and left <= 0:
            raise WaitTimeoutError(job, timeout_seconds or 0.0)
        # With an estimate of the end, look again about half-way there.
        hinted = pause if job.eta_seconds is None else max(job.eta_seconds / 2, 0.0)
        nap = min(max(min(pause, hinted), polling.first_seconds), polling.most_seconds)
        sleep(nap if left is None else min(nap, left))
        pause = min(pause * polling.growth, polling.most_seconds)
