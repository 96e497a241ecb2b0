"""One thing that somebody does in a history, and how often each fault waits in such a thing."""

from dataclasses import dataclass

from tests.simulation.faults import Fault
from tests.simulation.workloads import Kind


@dataclass(slots=True)
class Step:
    kind: Kind
    seed: int
    faults: tuple[tuple[int, Fault], ...] = ()


# Pauses and lost answers find most; a crash ends what else could still be found.
FAULTS = {
    Fault.CRASH_BEFORE: 6,
    Fault.CRASH_AFTER: 6,
    Fault.UNSENT: 3,
    Fault.LOST: 8,
    Fault.REPEATED: 6,
    Fault.THROTTLED: 5,
    Fault.THROTTLED_LONG: 3,
    Fault.SERVER_ERROR: 4,
    Fault.CONFLICT: 6,
    Fault.CANCELED: 4,
    Fault.IN_PROGRESS: 2,
    Fault.SLOW: 3,
    Fault.PAUSE_BEFORE: 6,
    Fault.PAUSE_AFTER: 6,
    Fault.PAUSE_AT_WRITE: 12,
    Fault.UNPROCESSED: 4,
    Fault.TORN: 6,
    Fault.SHORT_PAGE: 4,
    Fault.PARTIAL: 6,
    Fault.DOUBLED: 3,
}
