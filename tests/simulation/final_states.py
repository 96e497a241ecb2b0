"""The final states of a plain history: the same with or without faults."""

from typing import TYPE_CHECKING

from forgeledger.jobs.model.items import ItemState
from tests.simulation.jobs import is_bad
from tests.simulation.lane_checks import Violation

if TYPE_CHECKING:
    from tests.simulation.history_run import History


def final_states(history: "History") -> dict[str, str]:
    """The final states of a plain history, which faults and order must not change."""
    states: dict[str, str] = {}
    for job in history.operators.jobs:
        observed = history.checks.jobs.by_pk[f"JOB#{job.job_id}"].job
        lanes = history.checks.jobs.lanes_of(observed)
        items = {item_id: item for lane in lanes for item_id, item in lane.items.items()}
        for item_id in job.item_ids:
            expected_state = ItemState.FAILED if is_bad(item_id) else ItemState.COMPLETED
            item = items.get(item_id)
            if item is None or item.state is not expected_state:
                raise Violation(f"{job.new.name}: {item_id} must be {expected_state}, is {item}")
            states[f"{job.new.name}/{item_id}"] = item.state.value
        states[job.new.name] = (
            f"{observed.status} in epoch {observed.epoch}, {observed.counts_at_verdict}"
        )
    return states
