"""Resume a lane: what its closing canceled is pending again, then the lane follows its gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from forgeledger.errors import OutOfTime
from forgeledger.jobs.model.commands import FollowGate, Resume
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.job_lifecycle import gate_of
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head, effective_item
from forgeledger.jobs.model.limits import ITEMS_RESUMED_AT_ONCE, SCANNED_ITEMS
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.runtime import HasTime

# How many of a lane's latest events are looked at for the last item that was resumed.
_EVENTS_LOOKED_BACK: Final = (5, 50, 500)


@dataclass(frozen=True, slots=True)
class LaneFollower:
    """Brings a lane to its job's gate; safe to repeat, and whoever comes next goes on.

        lane closed at gate 3, job reopened with gate 4 and `resume_gate` 4
        commit: a, b resumed | (a crash) | commit: c resumed | commit: the lane follows gate 4

    The lane takes no new items before it is through, so that one pass over them sees all of them.
    """

    lane_writer: LaneWriter

    def follow(self, job: Job, head: Head, has_time: HasTime) -> bool:
        """Whether the lane is at the gate; False: more of its items are to be resumed."""
        if head.gate < job.resume_gate and not self._resume(job, head, has_time):
            return False
        self._apply(job, head, (gate_of(job),), has_time)
        return True

    def _resume(self, job: Job, head: Head, has_time: HasTime) -> bool:
        # Where the lane has no canceled item, or never closed, nothing is read.
        if not (head.counts.canceled and head.canceled_below):
            return True
        left, after = ITEMS_RESUMED_AT_ONCE, self._last_resumed(head, has_time)
        while True:
            if not has_time():
                return False
            page = self.lane_writer.lanes.list_items(
                job.job_id, head.lane, after, SCANNED_ITEMS, one_page=True
            )
            canceled = [item.item_id for item in page.items if _was_closed(head, item)]
            commands = [
                Resume(item_id=item_id, gate=job.resume_gate) for item_id in canceled[:left]
            ]
            try:
                self._apply(job, head, commands, has_time)
            except OutOfTime:
                return False
            left -= len(canceled)
            after = page.next_after
            if left < 0 or (left == 0 and after is not None):
                return False
            if after is None:
                return True

    def _last_resumed(self, head: Head, has_time: HasTime) -> str | None:
        """The item after which an earlier turn stopped; None: begin with the first.

        Each turn goes by name, and the lane gets no items meanwhile, so that nothing before it is
        left. If it is out of sight by the events of workers, the turn only reads more.
        """
        for events in _EVENTS_LOOKED_BACK:
            if not has_time():
                return None
            first = max(head.canceled_below, head.offset - events)
            rows = self.lane_writer.lanes.read_journal(head.job_id, head.lane, first, events)
            resumed = [
                event.item_id
                for row in rows
                for offset, event in enumerate(row.entries, row.offset)
                if first <= offset and event.kind is EventKind.RESUMED
            ]
            if resumed or first == head.canceled_below:
                return resumed[-1] if resumed else None
        return None

    def _apply(
        self, job: Job, head: Head, commands: Sequence[FollowGate | Resume], has_time: HasTime
    ) -> None:
        client_id = job.gate_client_id
        self.lane_writer.apply(job.job_id, head.lane, commands, has_time, client_id)


def _was_closed(head: Head, item: Item) -> bool:
    """Whether a closing canceled it, and no command."""
    return effective_item(head, item).state is ItemState.CANCELED and not item.dropped
