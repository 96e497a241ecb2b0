"""A discrete-event simulation of the intake and of registration under load.

It simulates message groups, batches, concurrent functions and write units. Only the write units of
a commit are computed by the model's code. A seed determines the whole run.
"""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from benchmarks.capacity.capacity_model import BURST_SECONDS, Quotas, Setup, Times, write_units
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT, ITEMS_PER_REGISTRATION

# How much a call's duration varies: the standard deviation of its logarithm.
_SPREAD: Final = 0.5


@dataclass(slots=True)
class _TokenBucket:
    """Write units that come at a rate and are saved for a while; taking too many means waiting."""

    per_second: float
    available: float = 0.0
    updated_at: float = 0.0

    def take(self, now: float, units: float) -> float:
        """Take the units; the result is how long the taker has to wait for them."""
        most = self.per_second * BURST_SECONDS
        self.available = min(most, self.available + (now - self.updated_at) * self.per_second)
        self.updated_at = now
        self.available -= units
        return max(0.0, -self.available / self.per_second)


@dataclass(slots=True)
class _Lane:
    units: _TokenBucket
    # The number of items in each waiting message.
    messages: deque[int] = field(default_factory=deque)
    locked: bool = False


@dataclass(frozen=True, slots=True)
class _CommitCost:
    """What each item of a commit takes: events in the journal, and processor time."""

    events_per_item: int
    item_seconds: float


@dataclass(slots=True)
class _Request:
    """A running registration: the lanes that no thread has begun, and the busy threads."""

    shares: list[tuple[_Lane, list[int]]]
    threads: int


def _commits(items: int) -> list[int]:
    whole, rest = divmod(items, ITEMS_PER_COMMIT)
    return [ITEMS_PER_COMMIT] * whole + [rest] * bool(rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRun:
    items: int
    seconds: float
    batches: int

    @property
    def items_per_second(self) -> float:
        return self.items / self.seconds

    @property
    def items_per_batch(self) -> float:
        return self.items / self.batches


class CapacitySimulation:
    def __init__(
        self, setup: Setup, quotas: Quotas, times: Times, *, table_units: float, seed: int
    ) -> None:
        self._setup = setup
        self._quotas = quotas
        self._times = times
        self._random = Random(seed)
        self._table = _TokenBucket(table_units)
        self._lanes = [_Lane(_TokenBucket(quotas.partition_units)) for _ in range(setup.lanes)]
        # Lanes with messages and without a running batch, the longest waiting first.
        self._ready: deque[_Lane] = deque()
        self._free = min(setup.intake_concurrency, quotas.source_concurrency)
        self._now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._items = 0
        self._batches = 0

    def drain(self, items: int) -> SimulatedRun:
        """All messages wait from the start, spread evenly over the lanes as by a hash."""
        left = items
        for lane in itertools.cycle(self._lanes):
            if left <= 0:
                break
            size = min(left, self._message_size())
            self._send(lane, size)
            left -= size
        return self._run()

    def offer(self, items_per_second: float, seconds: float) -> SimulatedRun:
        """Messages arrive at random at this mean rate for this many seconds."""
        interval = self._setup.items_per_message / items_per_second

        def arrive() -> None:
            self._send(self._random.choice(self._lanes), self._message_size())
            after = self._random.expovariate(1 / interval)
            if self._now + after < seconds:
                self._later(after, arrive)

        self._later(0.0, arrive)
        return self._run()

    def register(self, items: int) -> SimulatedRun:
        """Several requests at a time, each full but one; items are spread evenly over the lanes."""
        requests = [ITEMS_PER_REGISTRATION] * (items // ITEMS_PER_REGISTRATION)
        if items % ITEMS_PER_REGISTRATION:
            requests.append(items % ITEMS_PER_REGISTRATION)
        for _ in range(min(self._setup.parallel_requests, len(requests))):
            self._request(requests)
        return self._run()

    def _request(self, waiting: list[int]) -> None:
        """One caller's next request, until none is left."""
        if not waiting:
            return
        items, times = waiting.pop(), self._times
        self._batches += 1
        share, more = divmod(items, len(self._lanes))
        shares = [
            (lane, _commits(share + (index < more))) for index, lane in enumerate(self._lanes)
        ]
        threads = min(self._setup.parallel_lanes, len(shares))
        request = _Request(shares, threads)

        def begin() -> None:
            for _ in range(threads):
                self._register_lane(request, waiting)

        self._later(times.around_request + items * times.registered_item, begin)

    def _register_lane(self, request: _Request, waiting: list[int]) -> None:
        """A thread's next lane; the last thread of a request ends it."""
        if request.shares:
            lane, parts = request.shares.pop()
            # The items' processor time was spent before the first lane is written.
            cost = _CommitCost(events_per_item=1, item_seconds=0.0)
            self._commit(lane, parts, cost, lambda: self._register_lane(request, waiting))
            return
        request.threads -= 1
        if not request.threads:
            self._request(waiting)

    def _message_size(self) -> int:
        """A random number of items around the mean, at least one."""
        mean = self._setup.items_per_message
        if mean <= 1:
            return 1
        return max(1, round(self._random.gauss(mean, math.sqrt(mean))))

    def _send(self, lane: _Lane, items: int) -> None:
        lane.messages.append(items)
        if len(lane.messages) == 1 and not lane.locked:
            self._ready.append(lane)
        self._receive()

    def _receive(self) -> None:
        while self._free and self._ready:
            self._free -= 1
            lane = self._ready.popleft()
            lane.locked = True
            # The batch holds the messages that are there when the receive call returns.
            self._later(self._times.around_batch / 2, lambda lane=lane: self._invoke(lane))

    def _invoke(self, lane: _Lane) -> None:
        count = min(len(lane.messages), self._quotas.messages_per_batch)
        items = sum(lane.messages.popleft() for _ in range(count))
        self._batches += 1
        cost = _CommitCost(events_per_item=2, item_seconds=self._times.item)

        def deleted() -> None:
            self._later(self._times.around_batch / 2, lambda: self._unlock(lane))

        parts = _commits(items)
        self._later(self._times.batch, lambda: self._commit(lane, parts, cost, deleted))

    def _commit(
        self, lane: _Lane, parts: list[int], cost: _CommitCost, done: Callable[[], None]
    ) -> None:
        """Commit part after part, then call `done`."""
        if not parts:
            done()
            return
        items, times = parts.pop(), self._times
        units = write_units(items, cost.events_per_item)
        before = self._random_duration(times.read) + items * cost.item_seconds

        def committed() -> None:
            self._items += items
            self._commit(lane, parts, cost, done)

        def write() -> None:
            wait = max(lane.units.take(self._now, units), self._table.take(self._now, units))
            self._later(wait + self._random_duration(times.write), committed)

        self._later(before, write)

    def _unlock(self, lane: _Lane) -> None:
        self._free += 1
        lane.locked = False
        if lane.messages:
            self._ready.append(lane)
        self._receive()

    def _random_duration(self, mean: float) -> float:
        return self._random.lognormvariate(math.log(mean) - _SPREAD**2 / 2, _SPREAD)

    def _later(self, after: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self._now + after, next(self._numbers), action))

    def _run(self) -> SimulatedRun:
        while self._events:
            self._now, _, action = heapq.heappop(self._events)
            action()
        return SimulatedRun(items=self._items, seconds=self._now, batches=self._batches)
