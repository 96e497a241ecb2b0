"""The jobs that stream records and wakes ask the relay to look at."""

from enum import StrEnum

from forgeledger.fast_dataclass import fast_frozen


class WakeKind(StrEnum):
    HEAD = "head"
    FACT = "fact"
    # The job's time has come.
    TIME = "time"


@fast_frozen
class Wake:
    """One record, reduced to the job that it names; its content is never used."""

    # A stream record's number, or a message's id.
    sequence_number: str
    kind: WakeKind
    job_id: str


def wake_name(job_id: str) -> str:
    """What a wake calls a job: the partition of its rows."""
    return f"JOB#{job_id}"
