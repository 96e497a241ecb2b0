"""The intake and registering under load, event by event: groups, batches, functions, write units.

Of the model it has only how many units a commit writes. One seed gives one history.
"""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from benchmarks.capacity.capacity_model import KEPT_UNITS_SECONDS, Quotas, Setup, Times, write_units
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT, ITEMS_PER_REGISTRATION

# How much the calls differ from their mean: the deviation of the logarithm.
_SPREAD: Final = 0.5


@dataclass(slots=True)
class _Units:
    """Write units that come at a rate and are kept a while; who wants more has to wait."""

    a_second: float
    have: float = 0.0
    at: float = 0.0

    def wait(self, now: float, wanted: float) -> float:
        """Take them, and say how long it is until they are there."""
        most = self.a_second * KEPT_UNITS_SECONDS
        self.have = min(most, self.have + (now - self.at) * self.a_second)
        self.at = now
        self.have -= wanted
        return max(0.0, -self.have / self.a_second)


@dataclass(slots=True)
class _Lane:
    units: _Units
    # Items of each message that waits.
    messages: deque[int] = field(default_factory=deque)
    locked: bool = False


@dataclass(frozen=True, slots=True)
class _Work:
    """What commits are made of: events of the journal and processor time for each item."""

    events_per_item: int
    item_seconds: float


@dataclass(slots=True)
class _Request:
    """A registration on its way: the lanes that no thread has begun, and the threads at work."""

    shares: list[tuple[_Lane, list[int]]]
    threads: int


def _commits(items: int) -> list[int]:
    whole, rest = divmod(items, ITEMS_PER_COMMIT)
    return [ITEMS_PER_COMMIT] * whole + [rest] * bool(rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
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
        self._table = _Units(table_units)
        self._lanes = [_Lane(_Units(quotas.partition_units)) for _ in range(setup.lanes)]
        # Lanes with messages that nobody holds, the longest waiting first.
        self._ready: deque[_Lane] = deque()
        self._free = min(setup.intake_concurrency, quotas.source_concurrency)
        self._now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._items = 0
        self._batches = 0

    def drain(self, items: int) -> Played:
        """All messages are there from the start; a hash spreads items as evenly as this."""
        left = items
        for lane in itertools.cycle(self._lanes):
            if left <= 0:
                break
            size = min(left, self._message())
            self._send(lane, size)
            left -= size
        self._run()
        return Played(items=self._items, seconds=self._now, batches=self._batches)

    def offer(self, items_per_second: float, seconds: float) -> Played:
        """Messages come by chance at that rate, for so long."""
        every = self._setup.items_per_message / items_per_second

        def come() -> None:
            self._send(self._random.choice(self._lanes), self._message())
            after = self._random.expovariate(1 / every)
            if self._now + after < seconds:
                self._later(after, come)

        self._later(0.0, come)
        self._run()
        return Played(items=self._items, seconds=self._now, batches=self._batches)

    def register(self, items: int) -> Played:
        """Requests of as many items as one may have, so many at once; spread evenly over lanes."""
        requests = [ITEMS_PER_REGISTRATION] * (items // ITEMS_PER_REGISTRATION)
        if items % ITEMS_PER_REGISTRATION:
            requests.append(items % ITEMS_PER_REGISTRATION)
        for _ in range(min(self._setup.registering_at_once, len(requests))):
            self._request(requests)
        self._run()
        return Played(items=self._items, seconds=self._now, batches=self._batches)

    def _request(self, waiting: list[int]) -> None:
        """One caller's next request, until none is left."""
        if not waiting:
            return
        items, times = waiting.pop(), self._times
        self._batches += 1
        share, more = divmod(items, len(self._lanes))
        shares = [(lane, _commits(share + (at < more))) for at, lane in enumerate(self._lanes)]
        threads = min(self._setup.lanes_at_once, len(shares))
        request = _Request(shares, threads)

        def begin() -> None:
            for _ in range(threads):
                self._register_lane(request, waiting)

        self._later(times.around_request + items * times.registered_item, begin)

    def _register_lane(self, request: _Request, waiting: list[int]) -> None:
        """A thread's next lane; the last thread of a request ends it."""
        if request.shares:
            lane, parts = request.shares.pop()
            # The processor's time of all items is over when the lanes are written.
            work = _Work(events_per_item=1, item_seconds=0.0)
            self._commit(lane, parts, work, lambda: self._register_lane(request, waiting))
            return
        request.threads -= 1
        if not request.threads:
            self._request(waiting)

    def _message(self) -> int:
        """Items by chance around their mean, and one at least."""
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
            # It leaves with what is there when the receiving call is answered.
            self._later(self._times.around_batch / 2, lambda lane=lane: self._invoke(lane))

    def _invoke(self, lane: _Lane) -> None:
        count = min(len(lane.messages), self._quotas.messages_per_batch)
        items = sum(lane.messages.popleft() for _ in range(count))
        self._batches += 1
        work = _Work(events_per_item=2, item_seconds=self._times.item)

        def deleted() -> None:
            self._later(self._times.around_batch / 2, lambda: self._done(lane))

        parts = _commits(items)
        self._later(self._times.batch, lambda: self._commit(lane, parts, work, deleted))

    def _commit(
        self, lane: _Lane, parts: list[int], work: _Work, ended: Callable[[], None]
    ) -> None:
        """One commit of a lane after the other; then what is to be done at the end."""
        if not parts:
            ended()
            return
        items, times = parts.pop(), self._times
        wanted = write_units(items, work.events_per_item)
        before = self._about(times.read) + items * work.item_seconds

        def committed() -> None:
            self._items += items
            self._commit(lane, parts, work, ended)

        def write() -> None:
            wait = max(lane.units.wait(self._now, wanted), self._table.wait(self._now, wanted))
            self._later(wait + self._about(times.write), committed)

        self._later(before, write)

    def _done(self, lane: _Lane) -> None:
        self._free += 1
        lane.locked = False
        if lane.messages:
            self._ready.append(lane)
        self._receive()

    def _about(self, mean: float) -> float:
        return self._random.lognormvariate(math.log(mean) - _SPREAD**2 / 2, _SPREAD)

    def _later(self, after: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self._now + after, next(self._numbers), what))

    def _run(self) -> None:
        while self._events:
            self._now, _, what = heapq.heappop(self._events)
            what()
