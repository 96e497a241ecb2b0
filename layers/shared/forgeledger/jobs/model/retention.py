"""How far extending the retention of the open jobs has come."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionCheckpoint:
    """After a job, or within it: the row after which each of its lanes continues."""

    job_id: str
    # Within a job, the time to which its rows are renewed. Another renewal starts again.
    due: int | None = None
    # "" is the start of a lane, None its end.
    lanes: tuple[str | None, ...] = ()
    # Some row could not be renewed, so the job has to be renewed again as a whole.
    failed: bool = False

    @property
    def is_within_job(self) -> bool:
        return self.due is not None

    @property
    def unfinished_lanes(self) -> tuple[tuple[int, str | None], ...]:
        """Each unfinished lane with the row to continue after."""
        return tuple(
            (lane, after or None) for lane, after in enumerate(self.lanes) if after is not None
        )

    def moved(self, lane: int, after: str | None, *, failed: bool) -> "RetentionCheckpoint":
        """The checkpoint with one lane further on, or at its end."""
        lanes = (*self.lanes[:lane], after, *self.lanes[lane + 1 :])
        return replace(self, lanes=lanes, failed=self.failed or failed)

    def to_row(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "lanes": list(self.lanes)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "RetentionCheckpoint | None":
        """None if there is none, or one of another version: starting again is harmless."""
        try:
            return cls(**{**row, "lanes": tuple(row["lanes"])})
        except (KeyError, TypeError):
            return None
