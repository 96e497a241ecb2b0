"""What a history came to."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.coverage import CoverageCounts
from tests.simulation.world import SimulatedWorld


@dataclass(slots=True)
class HistoryResult:
    steps: int = 0
    commits: int = 0
    faults: int = 0
    violation: str | None = None
    trace: list[str] = field(default_factory=list)
    # Of a plain history: the final states of its items and jobs.
    final_states: dict[str, str] = field(default_factory=dict)
    coverage: CoverageCounts = field(default_factory=Counter)
    # The result up to the branch point of the history with which it shares a prefix.
    shared_prefix: "HistoryResult | None" = None


def partial_result(world: SimulatedWorld) -> HistoryResult:
    return HistoryResult(
        steps=world.steps,
        commits=world.commits,
        faults=world.faults_injected,
        trace=list(world.trace or ()),
        coverage=world.coverage.copy(),
    )


def digest(result: HistoryResult) -> str:
    return hashlib.sha256("\n".join(result.trace).encode()).hexdigest()
