"""What a stream record tells the relay: which job to look at."""

from dataclasses import dataclass
from enum import StrEnum

from forgeledger.fast_dataclass import fast_frozen


class WakeKind(StrEnum):
    HEAD = "head"
    FACT = "fact"


@fast_frozen
@dataclass(frozen=True, slots=True)
class Wake:
    """One stream record, reduced to what it means. It says where to look, never what is there."""

    sequence_number: str
    kind: WakeKind
    job_id: str
