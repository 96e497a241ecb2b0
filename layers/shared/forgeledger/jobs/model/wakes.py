"""What a stream record tells the relay: which job to look at."""

from dataclasses import dataclass
from enum import StrEnum

from forgeledger.fast_dataclass import quickly_made


class WakeKind(StrEnum):
    HEAD = "head"
    FACT = "fact"


@quickly_made
@dataclass(frozen=True, slots=True)
class Wake:
    """One stream record, reduced to what it means. It says where to look, never what is there."""

    sequence_number: str
    kind: WakeKind
    job_id: str
