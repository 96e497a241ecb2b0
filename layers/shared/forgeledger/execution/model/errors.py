"""What a job is asked for that it cannot do."""

from forgeledger.errors import JobError


class NotOneItem(JobError):
    """What was asked for is there for jobs of one item."""

    text = "job {} does not have one item"

    def __init__(self, job_id: str, items: int) -> None:
        super().__init__(job_id)
        self.items = items
