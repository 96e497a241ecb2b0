"""Invokes functions on the schedules that the template defines."""

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.stack import Schedule

_RATE: Final = re.compile(r"^rate\((\d+) (minute|hour|day)s?\)$")
_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86400}
logger = logging.getLogger(__name__)


def interval_seconds(expression: str) -> int | None:
    """The period of a `rate(...)`; None for other expressions, which do not run locally."""
    match = _RATE.match(expression.strip())
    seconds = int(match.group(1)) * _SECONDS[match.group(2)] if match else 0
    return seconds or None


class ScheduleRunner:
    """Runs one rule after each period, never twice at a time."""

    def __init__(self, schedule: Schedule, invoke: Callable[[Any], Any], period: float) -> None:
        self._schedule = schedule
        self._invoke = invoke
        self._period = period
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=schedule.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def halt(self) -> None:
        self._stopping.set()

    def join(self, deadline: float) -> None:
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while not self._stopping.wait(self._period):
            try:
                self._invoke(self._schedule.payload)
            except InvocationFailed as failure:
                logger.warning("schedule %s: %s", self._schedule.name, failure)
            except Exception:  # The next run may succeed.
                logger.exception("schedule %s", self._schedule.name)
