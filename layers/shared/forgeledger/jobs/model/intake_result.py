"""What became of a batch of queue messages."""

from collections import Counter
from dataclasses import dataclass

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.message import CommandProblem


@fast_frozen
@dataclass(frozen=True, slots=True, kw_only=True)
class LaneReport:
    """What came of one lane's share of the batch."""

    job_id: str
    lane: int
    commands: int
    # Of the commands that were applied: all of them, unless something stopped it.
    outcomes: Counter[str]
    conflicts: int = 0
    # How long the oldest of them was on its way; None where there is none.
    lag_ms: int | None = None
    # Without its job none of the commands can ever be applied.
    job_found: bool = True
    # What failed for a passing reason.
    error: Exception | None = None

    @property
    def applied_count(self) -> int:
        """How many commands need not come again."""
        return self.outcomes.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeResult:
    """Which messages have to come again, in order; and what is to be told of the batch."""

    failed: tuple[str, ...]
    lanes: tuple[LaneReport, ...]
    # What was put aside, by message, and why.
    rejections: tuple[tuple[str, tuple[CommandProblem, ...]], ...]
    errors: tuple[Exception, ...]

    @property
    def rejected(self) -> int:
        return len(self.rejections)
