"""How far extending the retention of the open jobs has come."""

from dataclasses import dataclass, replace

# A lane whose rows are all renewed; no sort key looks like it.
_DONE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionCheckpoint:
    """After a job, or within it: the row after which each of its lanes continues."""

    job_id: str
    # Within a job, the time to which its rows are renewed. Another renewal starts again.
    due: int | None = None
    lanes: tuple[str, ...] = ()
    # Some row could not be renewed, so the job has to be renewed again as a whole.
    failed: bool = False

    @classmethod
    def start(cls, job_id: str, due: int, lanes: int) -> "RetentionCheckpoint":
        return cls(job_id=job_id, due=due, lanes=("",) * lanes)

    @property
    def is_within_job(self) -> bool:
        return self.due is not None

    @property
    def unfinished_lanes(self) -> tuple[tuple[int, str | None], ...]:
        """Each unfinished lane with the row to continue after."""
        return tuple(
            (lane, after or None) for lane, after in enumerate(self.lanes) if after != _DONE
        )

    def moved(self, lane: int, after: str | None, *, failed: bool) -> "RetentionCheckpoint":
        """The checkpoint with one lane further on, or done."""
        lanes = (*self.lanes[:lane], _DONE if after is None else after, *self.lanes[lane + 1 :])
        return replace(self, lanes=lanes, failed=self.failed or failed)

    def to_row(self) -> tuple[str, ...]:
        if self.due is None:
            return (self.job_id,)
        return self.job_id, str(self.due), str(self.failed), *self.lanes

    @classmethod
    def from_row(cls, row: tuple[str, ...]) -> "RetentionCheckpoint | None":
        match row:
            case (job_id,):
                return cls(job_id=job_id)
            case (job_id, due, failed, *lanes):
                return cls(
                    job_id=job_id, due=int(due), failed=failed == str(True), lanes=tuple(lanes)
                )
            case _:
                return None
