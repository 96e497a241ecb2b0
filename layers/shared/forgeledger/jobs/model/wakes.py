"""The jobs that stream records ask the relay to look at."""

from enum import StrEnum

from forgeledger.fast_dataclass import fast_frozen


class WakeKind(StrEnum):
    HEAD = "head"
    FACT = "fact"


@fast_frozen
class Wake:
    """One stream record, reduced to the job that it names; its content is never used."""

    sequence_number: str
    kind: WakeKind
    job_id: str
