"""The accepted API keys: read every five minutes, and still known for an hour if that fails."""

from collections.abc import Callable
from math import inf
from typing import Final

from forgeledger.backoff import pause_seconds
from forgeledger.errors import ApiKeysBusy, ApiKeysUnreadable
from forgeledger.runtime import HasTime, Runtime

# After this time all running functions accept a new key.
FRESH_MS: Final = 300_000
# A key that was withdrawn is accepted for no longer, whatever fails.
KNOWN_MS: Final = 3_600_000
# While reading fails and keys are known, only one request in this time waits for another try.
ASK_AGAIN_MS: Final = 10_000

# More than fit into an invocation, unless the pauses are drawn short.
_TRIES: Final = 16
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0


class ApiKeys:
    """Keys are forgotten after an hour without a read, and at an error that lasts.

    The operator may have caused such an error, to lock everybody out.
    """

    def __init__(
        self,
        fetch: Callable[[], str],
        runtime: Runtime,
        on_stale: Callable[[ApiKeysBusy], None],
    ) -> None:
        """`fetch` raises ApiKeysUnreadable; `on_stale` is called if known keys take its place."""
        self._fetch = fetch
        self._runtime = runtime
        self._on_stale = on_stale
        self._keys: str | None = None
        self._read_at = 0
        self._failed_at = -ASK_AGAIN_MS

    def read(self, has_time: HasTime) -> str:
        """The keys, one a line."""
        known = self._known_for(KNOWN_MS)
        if known is not None and (
            self._since(self._read_at) < FRESH_MS or self._since(self._failed_at) < ASK_AGAIN_MS
        ):
            return known
        started = self._runtime.clock()
        try:
            keys = self._fetch_with_retries(has_time) if known is None else self._fetch()
        except ApiKeysBusy as error:
            known = self._known_for(KNOWN_MS)
            if known is None:
                raise
            self._failed_at = self._runtime.clock()
            self._on_stale(error)
            return known
        except ApiKeysUnreadable:
            self._keys = None
            raise
        self._keys, self._read_at = keys, started
        return keys

    def _known_for(self, milliseconds: int) -> str | None:
        return self._keys if self._since(self._read_at) < milliseconds else None

    def _since(self, then: int) -> float:
        """The time since then; infinite if the clock was set back, which makes no key younger."""
        passed = self._runtime.clock() - then
        return passed if passed >= 0 else inf

    def _fetch_with_retries(self, has_time: HasTime) -> str:
        for tries in range(_TRIES - 1):
            try:
                return self._fetch()
            except ApiKeysBusy:
                if not has_time():
                    raise
            draw = self._runtime.draw()
            longest = _LONGEST_PAUSE_SECONDS
            self._runtime.sleep(pause_seconds(tries, _FIRST_PAUSE_SECONDS, longest, draw))
        return self._fetch()
