"""A whole history as it stands at one moment, and the way back to it."""

from collections import Counter, deque
from collections.abc import Iterable
from functools import cache
from itertools import chain
from typing import Any, Final

from forgeledger.sdk.lane import Lane
from forgeledger.sdk.outbox import Outbox
from tests.simulation.answered import AnswerChecks
from tests.simulation.asked import Asked
from tests.simulation.checks import Checks
from tests.simulation.environments import Environments
from tests.simulation.event_bus import EventBus
from tests.simulation.fifo_queue import FifoQueue, QueuedMessage
from tests.simulation.job_checks import JobChecks, JobTruth
from tests.simulation.jobs import KnownJob
from tests.simulation.lambdas import Lambdas
from tests.simulation.lane_checks import LaneChecks, LaneTruth
from tests.simulation.people import People
from tests.simulation.running import History
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
        Lane,
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
        self._objects: list[tuple[Any, list[tuple[str, Any]]]] = []
        self._containers: list[tuple[Any, Any]] = []
        self._seen: set[int] = set()
        self._keep(history)
        self._seen.clear()

    def restore(self) -> None:
        for changed, attributes in self._objects:
            for name, value in attributes:
                setattr(changed, name, value)
        for container, content in self._containers:
            container.clear()
            if isinstance(container, list | deque):
                container.extend(content)
            else:
                container.update(content)
        self._random.setstate(self._random_state)

    def _keep(self, changing: Any) -> None:
        if id(changing) in self._seen:
            return
        self._seen.add(id(changing))
        names = vars(changing) if hasattr(changing, "__dict__") else _slots(type(changing))
        attributes = [(name, getattr(changing, name)) for name in names]
        self._objects.append((changing, attributes))
        for name, value in attributes:
            if type(value) in _CHANGING:
                self._keep(value)
            elif type(value) in _CONTAINERS:
                self._keep_content(value, 1 if name in _SETTLED else _DEPTH)

    def _keep_content(self, container: Any, depth: int) -> None:
        self._containers.append((container, container.copy()))
        if depth == 1:
            return
        content: Iterable[Any] = container.values() if hasattr(container, "values") else container
        for value in content:
            if type(value) in _CHANGING:
                self._keep(value)
            elif type(value) in _CONTAINERS:
                self._keep_content(value, depth - 1)


@cache
def _slots(kind: type) -> tuple[str, ...]:
    return tuple(chain.from_iterable(each.__dict__.get("__slots__", ()) for each in kind.__mro__))
