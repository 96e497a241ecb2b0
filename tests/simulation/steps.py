"""One step of a script, and how often each fault is planned for one."""

from dataclasses import dataclass

from tests.simulation.faults import CallFault
from tests.simulation.workloads import StepKind


@dataclass(slots=True)
class ScriptStep:
    kind: StepKind
    seed: int
    faults: tuple[tuple[int, CallFault], ...] = ()


# Stalls and lost answers find the most defects; a crash ends what could still be found.
FAULTS = {
    CallFault.CRASH_BEFORE: 6,
    CallFault.CRASH_AFTER: 6,
    CallFault.UNSENT: 3,
    CallFault.LOST: 8,
    CallFault.REPEATED: 6,
    CallFault.THROTTLED: 5,
    CallFault.THROTTLED_LONG: 3,
    CallFault.SERVER_ERROR: 4,
    CallFault.CONFLICT: 6,
    CallFault.CANCELED: 4,
    CallFault.IN_PROGRESS: 2,
    CallFault.SLOW: 3,
    CallFault.PAUSE_BEFORE: 6,
    CallFault.PAUSE_AFTER: 6,
    CallFault.PAUSE_AT_WRITE: 12,
    CallFault.UNPROCESSED: 4,
    CallFault.TORN: 6,
    CallFault.SHORT_PAGE: 4,
    CallFault.PARTIAL: 6,
    CallFault.DOUBLED: 3,
}
