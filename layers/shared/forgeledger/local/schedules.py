"""Invokes functions by the clock, from the rules that the template defines."""

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
    """The period of a `rate(...)`; None for what this machine does not run, such as `cron(...)`."""
    found = _RATE.match(expression.strip())
    if not found or int(found.group(1)) == 0:
        return None
    return int(found.group(1)) * _SECONDS[found.group(2)]


class ScheduleRunner:
    """Fires one rule: first after one period, then every period, never two at a time."""

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
            except Exception:  # The next round may do better, and there has to be one.
                logger.exception("schedule %s", self._schedule.name)
