"""The tick, once a minute: send a wake for everything that is due before the next one."""

from typing import Final

from forgeledger.clock.model.due import SHARDS
from forgeledger.clock.model.next_look import LOOK_AHEAD_MS
from forgeledger.clock.ports import DueIndex, WakeSender
from forgeledger.fast_dataclass import fast_frozen
from forgeledger.runtime import Runtime

# After an outage much is due at once. The rest is still in the index when the next tick comes.
_WAKES_PER_SHARD: Final = 1_000


@fast_frozen
class Tick:
    due: DueIndex
    wakes: WakeSender
    runtime: Runtime

    def run(self) -> int:
        """The number of wakes sent; a shard that fails must not stop the others."""
        until = self.runtime.clock() + LOOK_AHEAD_MS

        def wake(shard: int) -> int:
            due = self.due.find_due(shard, until, _WAKES_PER_SHARD)
            if due:
                self.wakes.send(due)
            return len(due)

        return sum(self.runtime.parallel(wake, range(SHARDS)))
