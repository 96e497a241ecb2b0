"""A snapshot of a whole history, which can be restored."""

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
from tests.simulation.fifo_queue import QueuedMessage, SimulatedFifoQueue
from tests.simulation.history_run import History
from tests.simulation.job_checks import JobChecks, ObservedJob
from tests.simulation.jobs import KnownJob
from tests.simulation.key_checks import KeyChecks
from tests.simulation.lambdas import Lambdas
from tests.simulation.lane_checks import LaneChecks, ReplayedLane
from tests.simulation.operators import Operators
from tests.simulation.request_checks import RequestLog
from tests.simulation.standard_queue import SimulatedStandardQueue
from tests.simulation.streams import Shard, Stream
from tests.simulation.table import Tables
from tests.simulation.workers import HeldClaim, SimulatedWorker, SimulatedWorkers
from tests.simulation.world import SimulatedWorld
from tests.simulation.write_units import PartitionUnits
from tests.support.sums_fold import SumsFold

# Classes whose objects are modified while a history runs; all others are only replaced.
_MUTABLE: Final = frozenset(
    {
        AnswerChecks,
        RequestLog,
        Checks,
        HeldClaim,
        Environments,
        EventBus,
        SimulatedFifoQueue,
        SimulatedStandardQueue,
        History,
        JobChecks,
        ObservedJob,
        KeyChecks,
        KnownJob,
        Lambdas,
        LaneBuffer,
        LaneChecks,
        ReplayedLane,
        SumsFold,
        Outbox,
        Operators,
        QueuedMessage,
        Shard,
        Stream,
        PartitionUnits,
        Tables,
        SimulatedWorker,
        SimulatedWorkers,
        SimulatedWorld,
    }
)
_CONTAINERS: Final = frozenset({list, dict, set, deque, Counter})
_CAPTURED: Final = _MUTABLE | _CONTAINERS
# A container in a container is modified, like a table's partition; what that one contains, a row
# or a record, is not.
_DEPTH: Final = 2

# Containers whose elements are not modified: of messages, only waiting ones are.
_APPEND_ONLY: Final = frozenset(
    {"accepted", "attributes", "contents", "delivered", "records", "texts"}
)


class Snapshot:
    """Objects keep their identity, so references to them stay valid after `restore`."""

    def __init__(self, history: History) -> None:
        self._random = history.world.random
        self._random_state = self._random.getstate()
        self._objects: list[tuple[Any, tuple[str, ...], tuple[Any, ...]]] = []
        self._containers: list[tuple[Any, Any]] = []
        self._seen: set[int] = set()
        self._capture(history)
        self._seen.clear()

    def restore(self) -> None:
        for captured, names, values in self._objects:
            for name, value in zip(names, values, strict=True):
                setattr(captured, name, value)
        for container, content in self._containers:
            if isinstance(container, list):
                container[:] = content
                continue
            container.clear()
            if isinstance(container, dict):
                # Not Counter.update, which adds.
                dict.update(container, content)
            else:
                _extend(container, content)
        self._random.setstate(self._random_state)

    def _capture(self, captured: Any) -> None:
        kind = type(captured)
        names = tuple(vars(captured)) if hasattr(captured, "__dict__") else _slots(kind)
        values = _values_of(names)(captured)
        self._objects.append((captured, names, values))
        for name, value in zip(names, values, strict=True):
            if type(value) in _CAPTURED:
                self._capture_value(value, 1 if name in _APPEND_ONLY else _DEPTH)

    def _capture_value(self, value: Any, depth: int) -> None:
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        kind = type(value)
        if kind in _MUTABLE:
            self._capture(value)
            return
        # Not Counter.copy, which counts again.
        self._containers.append((value, dict(value) if kind is Counter else value.copy()))
        if depth > 1:
            for element in value.values() if isinstance(value, dict) else value:
                if type(element) in _CAPTURED:
                    self._capture_value(element, depth - 1)


def _extend(container: set[Any] | deque[Any], content: Any) -> None:
    if isinstance(container, set):
        container.update(content)
    else:
        container.extend(content)


@cache
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(chain.from_iterable(owner.__dict__.get("__slots__", ()) for owner in kind.__mro__))


@cache
def _values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    # For a single name attrgetter returns no tuple.
    return attrgetter(*names) if len(names) > 1 else lambda captured: (getattr(captured, names[0]),)
