"""A function's execution environments: one per concurrent call, discarded after a crash."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.coverage import CoveragePoint
from tests.simulation.world import Invocation, SimulatedWorld

_COLD_MS = 700
# An environment that was idle for longer is gone.
_IDLE_LIFETIME_MS = 120_000


@dataclass(frozen=True, slots=True)
class FunctionContext:
    """What Lambda passes to a handler beside its event."""

    world: SimulatedWorld
    process: Invocation

    function_name = "simulated"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:simulated"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return self.process.remaining_ms(self.world.now)


@dataclass(slots=True)
class Environments:
    world: SimulatedWorld
    # Builds the handler's services, as its module does when it is loaded.
    start: Callable[[], Any]
    busy: int = 0
    # When each was last used, and its services.
    _idle: list[tuple[int, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.on_close.append(self._close)

    def full(self) -> bool:
        """Whether one more call would be throttled."""
        if self.busy < self.world.rules.max_concurrency:
            return False
        self.world.coverage[CoveragePoint.TOO_MANY_CALLS] += 1
        self.world.log("! throttled: too many concurrent calls")
        return True

    def run(self, process: Invocation, timeout_ms: int, work: Callable[[Any], Any]) -> Any:
        """As `SimulatedWorld.invoke`; the environment of a crashed call is not used again."""
        world = self.world
        services = self._take_idle()
        process.began, process.deadline = world.now, world.now + timeout_ms
        self.busy += 1
        try:
            ended, answer = world.invoke(process, lambda: work(services))
        finally:
            self.busy -= 1
        if ended:
            self._idle.append((world.now, services))
        return ended, answer

    def _close(self) -> None:
        del self.start
        self._idle.clear()

    def _take_idle(self) -> Any:
        world = self.world
        while self._idle:
            last_used, services = self._idle.pop()
            if world.now - last_used < _IDLE_LIFETIME_MS:
                return services
        world.coverage[CoveragePoint.COLD_START] += 1
        world.now += _COLD_MS
        return self.start()
