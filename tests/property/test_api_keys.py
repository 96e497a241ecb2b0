"""A key is accepted as long as it may be, and no longer, whatever happens to the parameter.

Random histories of one function's environment: time passes, the parameter is changed, unreadable
for a while or for good, and requests come. The model knows every value and every answer.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from forgeledger.errors import ApiKeysBusy, ApiKeysUnreadable
from forgeledger.runtime import Runtime
from forgeledger.web import api_keys
from forgeledger.web.api_keys import ApiKeys

HISTORIES = 300
STEPS = 60
MINUTE_MS = 60_000
# What the contract says, written down a second time.
FRESH_MS, KNOWN_MS, PAUSE_MS = 5 * MINUTE_MS, 60 * MINUTE_MS, 10_000
# How long one request may take for its tries; the values are as old as its first one.
REQUEST_MS = 30_000


class Violated(Exception):
    pass


@dataclass
class ParameterStore:
    """The parameter, as it was at any time, and what the next reads of it will say."""

    random: Random
    now: int = 1_795_255_200_000
    versions: list[tuple[int, str]] = field(default_factory=list)
    weather: str = "fair"
    # Successful reads, and the latest times at which one failed for a while or for good.
    last_read: int | None = None
    last_busy: int | None = None
    refused_since_read: bool = False
    reads: int = 0
    fails: int = 0
    stale: int = 0

    def change(self) -> None:
        self.versions.append((self.now, f"key-{len(self.versions)}"))

    def fetch(self) -> str:
        self.now += self.random.choice((0, 5, 5_000))
        weather = self.weather
        if weather == "stormy":
            weather = self.random.choice(("fair", "busy"))
        if weather == "busy":
            self.last_busy = self.now
            self.fails += 1
            raise ApiKeysBusy("/p", "ThrottlingException")
        if weather == "refused":
            self.refused_since_read = True
            raise ApiKeysUnreadable("/p", "AccessDeniedException")
        self.last_read, self.refused_since_read = self.now, False
        self.reads += 1
        return self.versions[-1][1]

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1000)

    def on_stale(self, error: ApiKeysBusy) -> None:
        assert error.why == "ThrottlingException"
        self.stale += 1

    def age_of(self, key: str) -> int:
        """For how long this has not been the value any more."""
        later = [at for at, value in self.versions if int(value[4:]) > int(key[4:])]
        return self.now - later[0] if later else 0


def run_history(seed: int) -> None:
    random = Random(seed)
    store = ParameterStore(random)
    store.change()
    keys = ApiKeys(
        store.fetch,
        Runtime(clock=lambda: store.now, sleep=store.sleep, draw=random.random),
        store.on_stale,
    )
    for _ in range(STEPS):
        match random.choice(("wait", "change", "weather", "request", "request", "request")):
            case "wait":
                store.now += random.choice((1_000, 9_000, MINUTE_MS, FRESH_MS, 20 * MINUTE_MS))
            case "change":
                store.change()
            case "weather":
                store.weather = random.choice(("fair", "stormy", "busy", "busy", "refused"))
            case _:
                _check_request(store, keys)


def _check_request(store: ParameterStore, keys: ApiKeys) -> None:
    began, known_at = store.now, store.last_read
    stale, reads, fails = store.stale, store.reads, store.fails
    forgotten = store.refused_since_read
    paused = store.last_busy is not None and began - store.last_busy < PAUSE_MS
    try:
        key = keys.read(lambda: store.now - began < 14_000)
    except ApiKeysBusy as error:
        known = known_at is not None and not forgotten and store.now - known_at < KNOWN_MS
        if known:
            raise Violated("refused, although keys were known") from error
        return
    except ApiKeysUnreadable:
        return
    if store.refused_since_read:
        raise Violated("accepted after a refusal that lasts")
    if store.age_of(key) > KNOWN_MS + REQUEST_MS:
        raise Violated("accepted for longer than an hour")
    failed = store.fails > fails
    if store.age_of(key) > FRESH_MS + REQUEST_MS and not (paused or failed):
        raise Violated("not read again after five minutes")
    if failed and store.reads == reads and store.stale == stale:
        raise Violated("stale keys without a word")


def first_violation() -> str | None:
    for seed in range(HISTORIES):
        try:
            run_history(seed)
        except Violated as violated:
            return f"seed {seed}: {violated}"
    return None


def test_no_history_violates_the_model() -> None:
    assert first_violation() is None


def _patched(name: str, value: Any) -> AbstractContextManager[Any]:
    return patch.object(api_keys, name, value)


@contextmanager
def _never_forgotten() -> Iterator[None]:
    original = ApiKeys.read

    def read(self: ApiKeys, has_time: Callable[[], bool]) -> str:
        keys = self._keys
        try:
            return original(self, has_time)
        except ApiKeysUnreadable:
            self._keys = keys
            raise

    with patch.object(ApiKeys, "read", read):
        yield


@contextmanager
def _counted_from_the_end() -> Iterator[None]:
    """A value is as old as the answer, not as the last time at which it was accepted."""
    original = ApiKeys.read

    def read(self: ApiKeys, has_time: Callable[[], bool]) -> str:
        keys = original(self, has_time)
        self._read_at = self._runtime.clock()
        return keys

    with patch.object(ApiKeys, "read", read):
        yield


MUTANTS = {
    "known keys never expire": lambda: _patched("KNOWN_MS", 10**12),
    "known keys expire after two hours": lambda: _patched("KNOWN_MS", 2 * KNOWN_MS),
    "keys are read once": lambda: _patched("FRESH_MS", 10**12),
    "known keys are not served": lambda: _patched("KNOWN_MS", FRESH_MS),
    "after a failure nothing is read for an hour": lambda: _patched("ASK_AGAIN_MS", KNOWN_MS),
    "a refusal that lasts forgets no key": _never_forgotten,
    "each use makes a key young again": _counted_from_the_end,
    "stale keys are served silently": lambda: patch.object(
        ParameterStore, "on_stale", lambda *_: None
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_mutant_violates_the_model(mutant: str) -> None:
    with MUTANTS[mutant]():
        assert first_violation() is not None
