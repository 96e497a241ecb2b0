"""Call a handler, which is a function or a coroutine function."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from forgeledger.sdk.report.item_work import ItemWork

Handler = Callable[[ItemWork], Any]


class HandlerCaller:
    """One event loop for all coroutines, so that they can share connections; made on demand."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def call(self, handler: Handler, item: ItemWork) -> None:
        """Runs the handler; its return value, unless None, is the item's result."""
        returned = handler(item)
        if isawaitable(returned):
            end = asyncio.run_coroutine_threadsafe(_end_of(returned), self._running()).result()
            if end.error is not None:
                raise end.error
            returned = end.value
        if returned is not None:
            item.result = returned

    def close(self) -> None:
        """Stops the loop without waiting for handlers that still run on it."""
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
    """An error as a value: raised, SystemExit would end the loop."""
    try:
        return _End(value=await awaitable)
    except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread.
        return _End(error=error)
