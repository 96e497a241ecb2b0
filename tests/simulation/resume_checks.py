"""A resume ends with the last item that a closing canceled, and there is no verdict before."""

from collections.abc import Sequence

from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job
from tests.simulation.end_checks import VERDICTS
from tests.simulation.lane_checks import ReplayedLane, Violation


def check_resume(where: str, before: Job, fact: Fact, lanes: Sequence[ReplayedLane]) -> None:
    if fact.kind in VERDICTS and before.resume_gate:
        raise Violation(f"{where}: while its items are resumed")
    if fact.kind is FactKind.ITEMS_RESUMED:
        for lane in lanes:
            left = lane.waiting_for_resume()
            if left or not 0 < before.resume_gate <= lane.head.gate:
                raise Violation(f"{where}: lane {lane.head.lane} still has {left}")
