"""Calling a user's handler, be it a function or a coroutine function."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from forgeledger.sdk.report.item_work import ItemWork

Handler = Callable[[ItemWork], Any]


class HandlerLoop:
    """One event loop for all async handlers, so that they can share connections; made on demand."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def call(self, handler: Handler, item: ItemWork) -> None:
        """Runs the handler to its end; what it returns, unless None, is the item's result."""
        returned = handler(item)
        if isawaitable(returned):
            ended = asyncio.run_coroutine_threadsafe(_end_of(returned), self._running()).result()
            if ended.error is not None:
                raise ended.error
            returned = ended.value
        if returned is not None:
            item.result = returned

    def close(self) -> None:
        """Stops the loop; a handler that still runs on it is not waited for."""
        with self._making:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._making:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="forgeledger-async", daemon=True
                ).start()
            return self._loop


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    value: Any = None
    error: BaseException | None = None


async def _end_of(awaitable: Awaitable[Any]) -> _End:
    """An error as a value: a SystemExit ends the loop, and a cancellation changes its type."""
    try:
        return _End(value=await awaitable)
    except BaseException as error:  # noqa: BLE001 - raised again in the thread of the caller.
        return _End(error=error)
