"""A write before it is carried out: one action of a request."""

from dataclasses import dataclass
from typing import Any

from tests.simulation.expressions import Row


@dataclass(slots=True)
class PlannedWrite:
    key: tuple[str, str]
    old: Row | None
    # The row after the write; the old one for a ConditionCheck.
    new: Row | None
    holds: bool
    returns_old: bool


def reason_of(planned: PlannedWrite) -> dict[str, Any]:
    """What the answer to a canceled transaction says about this action."""
    if planned.holds:
        return {"Code": "None"}
    reason: dict[str, Any] = {"Code": "ConditionalCheckFailed"}
    if planned.returns_old and planned.old is not None:
        reason["Item"] = planned.old
    return reason
