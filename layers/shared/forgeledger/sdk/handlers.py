"""Calling a user's handler, be it a function or a coroutine function."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from forgeledger.sdk.item_work import ItemWork

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
            returned = asyncio.run_coroutine_threadsafe(_wait(returned), self._running()).result()
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


async def _wait(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
