"""A function's execution environments: one for each call at once, cold at first, gone by crash."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.coverage import Happening
from tests.simulation.world import Invocation, World

_COLD_MS = 700
# One that nobody called for so long is gone.
_KEPT_MS = 120_000


@dataclass(slots=True)
class Environments:
    world: World
    # Puts together what the handler stands on, as the module does when it is loaded.
    start: Callable[[], Any]
    busy: int = 0
    # When each was last used, and what it holds.
    _idle: list[tuple[int, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.at_end.append(self._end)

    def full(self) -> bool:
        """Whether one more call would be refused."""
        if self.busy < self.world.rules.most_at_once:
            return False
        self.world.met[Happening.TOO_MANY] += 1
        self.world.note("! too many calls at once")
        return True

    def run(self, process: Invocation, timeout_ms: int, work: Callable[[Any], Any]) -> Any:
        """Whether it ended by itself, and with what; one that crashed is never used again."""
        world = self.world
        holding = self._free()
        process.deadline = world.now + timeout_ms
        self.busy += 1
        try:
            ended, answer = world.invoke(process, lambda: work(holding))
        finally:
            self.busy -= 1
        if ended:
            self._idle.append((world.now, holding))
        return ended, answer

    def _end(self) -> None:
        del self.start
        self._idle.clear()

    def _free(self) -> Any:
        world = self.world
        while self._idle:
            used, holding = self._idle.pop()
            if world.now - used < _KEPT_MS:
                return holding
        world.met[Happening.COLD_START] += 1
        world.now += _COLD_MS
        return self.start()
