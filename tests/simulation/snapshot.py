"""A whole history as it stands at one moment, and the way back to it."""

from collections import Counter, deque
from collections.abc import Callable
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from forgeledger.sdk.report.lane_buffer import LaneBuffer
from forgeledger.sdk.report.outbox import Outbox
from tests.simulation.answer_checks import AnswerChecks
from tests.simulation.checks import Checks
from tests.simulation.environments import Environments
from tests.simulation.event_bus import EventBus
from tests.simulation.fifo_queue import FifoQueue, QueuedMessage
from tests.simulation.history_run import History
from tests.simulation.job_checks import JobChecks, JobTruth
from tests.simulation.jobs import KnownJob
from tests.simulation.lambdas import Lambdas
from tests.simulation.lane_checks import LaneChecks, LaneTruth
from tests.simulation.operators import People
from tests.simulation.request_checks import Asked
from tests.simulation.streams import Shard, Stream
from tests.simulation.table import Tables
from tests.simulation.workers import Claim, Worker, Workers
from tests.simulation.world import World

# Whatever changes while a history goes on; all else in it is only ever replaced.
_CHANGING: Final = frozenset(
    {
        AnswerChecks,
        Asked,
        Checks,
        Claim,
        Environments,
        EventBus,
        FifoQueue,
        History,
        JobChecks,
        JobTruth,
        KnownJob,
        Lambdas,
        LaneBuffer,
        LaneChecks,
        LaneTruth,
        Outbox,
        People,
        QueuedMessage,
        Shard,
        Stream,
        Tables,
        Worker,
        Workers,
        World,
    }
)
_CONTAINERS: Final = frozenset({list, dict, set, deque, Counter})
_KEPT: Final = _CHANGING | _CONTAINERS
# A container in a container changes, as a table's partition does; what is in that one, a row or a
# record, does not.
_DEPTH: Final = 2

# What these hold does not change any more: of messages only those that still wait do.
_SETTLED: Final = frozenset({"accepted", "attributes", "bodies", "delivered", "records", "texts"})


class Keepsake:
    """Objects keep their identity: what was built on them goes on working after the way back."""

    def __init__(self, history: History) -> None:
        self._random = history.world.random
        self._random_state = self._random.getstate()
        self._objects: list[tuple[Any, tuple[str, ...], tuple[Any, ...]]] = []
        self._containers: list[tuple[Any, Any]] = []
        self._seen: set[int] = set()
        self._keep(history)
        self._seen.clear()

    def restore(self) -> None:
        for changed, names, values in self._objects:
            for name, value in zip(names, values, strict=True):
                setattr(changed, name, value)
        for container, content in self._containers:
            if isinstance(container, list):
                container[:] = content
                continue
            container.clear()
            if isinstance(container, dict):
                # Not a counter's own, which goes on counting.
                dict.update(container, content)
            else:
                _extend(container, content)
        self._random.setstate(self._random_state)

    def _keep(self, changing: Any) -> None:
        kind = type(changing)
        names = tuple(vars(changing)) if hasattr(changing, "__dict__") else _slots(kind)
        values = _values_of(names)(changing)
        self._objects.append((changing, names, values))
        for name, value in zip(names, values, strict=True):
            if type(value) in _KEPT:
                self._keep_value(value, 1 if name in _SETTLED else _DEPTH)

    def _keep_value(self, value: Any, depth: int) -> None:
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        kind = type(value)
        if kind in _CHANGING:
            self._keep(value)
            return
        # Not a counter's own, which counts anew.
        self._containers.append((value, dict(value) if kind is Counter else value.copy()))
        if depth > 1:
            for each in value.values() if isinstance(value, dict) else value:
                if type(each) in _KEPT:
                    self._keep_value(each, depth - 1)


def _extend(container: set[Any] | deque[Any], content: Any) -> None:
    if isinstance(container, set):
        container.update(content)
    else:
        container.extend(content)


@cache
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(chain.from_iterable(each.__dict__.get("__slots__", ()) for each in kind.__mro__))


@cache
def _values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    # Of a single name an attrgetter gives no tuple.
    return attrgetter(*names) if len(names) > 1 else lambda each: (getattr(each, names[0]),)
