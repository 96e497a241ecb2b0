"""End the items of work messages that no worker brought to an end."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from forgeledger.execution.model.dead_work import DeadWork
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.item_rules import WORKER_LOST
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.runtime import HasTime


@dataclass(frozen=True, slots=True)
class DeadWorkEnder:
    lane_writer: LaneWriter

    def end(self, work: DeadWork, has_time: HasTime) -> None:
        """Fenced by the dispatch, since each delivery has raised the attempt; safe to repeat."""
        lanes = lanes_of(work.job_id) or 1
        by_lane = sorted(
            ((lane_of(item_id, lanes), item_id, dispatch) for item_id, dispatch in work.items),
            key=itemgetter(0),
        )
        for lane, items in groupby(by_lane, key=itemgetter(0)):
            commands = [_lost(work.message_id, item_id, dispatch) for _, item_id, dispatch in items]
            self.lane_writer.apply(work.job_id, lane, commands, has_time)


def _lost(message_id: str, item_id: str, dispatch: int) -> Command:
    return Command(
        kind=CommandKind.FAIL,
        item_id=item_id,
        command_id=f"lost:{message_id}:{item_id}",
        dispatch=dispatch,
        failure=WORKER_LOST,
    )
