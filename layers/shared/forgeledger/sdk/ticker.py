"""Periodic calls while work goes on: heartbeats, visibility extensions, deletions."""

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

_log = logging.getLogger("forgeledger.sdk")

_IDLE_SECONDS: Final = 5.0

# Shortens an interval, counted from the last call.
Hasten = Callable[[float], None]


@dataclass(slots=True)
class _Tick:
    due_at: float
    every_seconds: float
    call: Callable[[], None]


class Ticker:
    """One thread for all ticks; it ends after some seconds without any."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """For a forked child: the ticks belong to its parent's work."""
        self._changed = threading.Condition()
        self._ticks: dict[int, _Tick] = {}
        self._next_key = 0
        self._wake_at = math.inf
        self._running = False

    @contextlib.contextmanager
    def every(self, seconds: float | None, call: Callable[[], None]) -> Iterator[Hasten]:
        """Calls it at that interval while the block runs; never for an interval of None or 0."""
        if not seconds:
            yield lambda _: None
            return
        ticks, key = self._start(seconds, call)
        try:
            yield partial(self._hasten, ticks[key])
        finally:
            ticks.pop(key, None)

    def _start(self, seconds: float, call: Callable[[], None]) -> tuple[dict[int, _Tick], int]:
        with self._changed:
            self._next_key += 1
            key = self._next_key
            tick = _Tick(self._clock() + seconds, seconds, call)
            self._ticks[key] = tick
            if self._running:
                if tick.due_at < self._wake_at:
                    self._changed.notify_all()
            else:
                # At interpreter exit no thread can start any more: then there are no ticks.
                with contextlib.suppress(RuntimeError):
                    threading.Thread(target=self._run, name=self._name, daemon=True).start()
                    self._running = True
            return self._ticks, key

    def _hasten(self, tick: _Tick, seconds: float) -> None:
        with self._changed:
            if seconds < tick.every_seconds:
                tick.due_at -= tick.every_seconds - seconds
                tick.every_seconds = seconds
                if tick.due_at < self._wake_at:
                    self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                now = self._clock()
                due = [tick for tick in list(self._ticks.values()) if tick.due_at <= now]
                if not due:
                    if not self._wait(now):
                        self._running = False
                        return
                    continue
            for tick in due:
                # Counted from now, so that no burst of calls follows a slow one.
                with self._changed:
                    tick.due_at = now + tick.every_seconds
                try:
                    tick.call()
                except Exception:  # noqa: BLE001 - one failing tick must not end the others.
                    _log.exception("%s: will be tried again at the next tick", self._name)

    def _wait(self, now: float) -> bool:
        """Until the next tick; False after some seconds without any."""
        was_idle = not self._ticks
        due_at = min((tick.due_at for tick in list(self._ticks.values())), default=math.inf)
        self._wake_at = min(due_at, now + _IDLE_SECONDS)
        self._changed.wait(self._wake_at - now)
        return bool(self._ticks) or not was_idle
