"""A claim that comes again over HTTP may not be granted for an item that is finished."""

from random import Random

import pytest

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import JobSpec
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind, Reason
from tests.simulation.checks import Checks
from tests.simulation.lane_checks import ReplayedLane, Violation
from tests.simulation.request_checks import AnsweredCommand, RequestLog
from tests.simulation.world import SimulatedWorld, WorldRules

SPEC = JobSpec(job_id=make_job_id(0, 0, 1), name="night run", lanes=1, created_at=7)
CLAIM = Command(kind=CommandKind.CLAIM, item_id="a", command_id="c", worker_id="w")


def check_answer(state: str, outcome: Outcome) -> None:
    """Check the answer to a repeated claim that was granted, and shows the item in this state."""
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    checks = Checks(world, RequestLog(world.commands))
    lane = checks.lanes.by_pk[f"JOB#{SPEC.job_id}#0"] = ReplayedLane(create(SPEC)[1][0])
    lane.marks["mark"] = (EventKind.CLAIMED,)
    checks.request_log.record_command_answer(
        AnsweredCommand(SPEC.job_id, CLAIM, "mark", outcome, again=True, state_over_http=state)
    )
    checks.after_step()


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELED"])
def test_it_is_refused_by_the_item_s_end(state: str) -> None:
    ended = Outcome(kind=OutcomeKind.REJECTED, reason=Reason(f"already_{state.lower()}"))

    check_answer(state, ended)
    with pytest.raises(Violation, match="the journal has"):
        check_answer(state, Outcome(kind=OutcomeKind.DUPLICATE))


@pytest.mark.parametrize("state", ["PENDING", "IN_PROGRESS"])
def test_it_is_a_duplicate_before_that(state: str) -> None:
    check_answer(state, Outcome(kind=OutcomeKind.DUPLICATE))
    with pytest.raises(Violation, match="the journal has"):
        check_answer(state, Outcome(kind=OutcomeKind.REJECTED, reason=Reason.ALREADY_COMPLETED))
