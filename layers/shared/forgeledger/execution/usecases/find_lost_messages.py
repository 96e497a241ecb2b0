"""Send again what was handed out and lost: purged from its queue, or kept there for too long."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from forgeledger.execution.model.flight import FLIGHT_ITEMS, Handout, of_item
from forgeledger.execution.model.work import Work
from forgeledger.execution.ports import WorkQueue, WorkStore
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.job_lifecycle import total
from forgeledger.jobs.model.lanes import Head, effective_item
from forgeledger.jobs.model.limits import SCANNED_ITEMS
from forgeledger.jobs.ports import DueRows, JobView, LaneStore
from forgeledger.runtime import HasTime

# Those of a lane; they have less than 200 bytes each.
_MOST_DUE_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMessages:
    """A message too many changes nothing: its claim is fenced."""

    lanes: LaneStore
    due_rows: DueRows
    works: WorkStore
    queue: WorkQueue

    def search(self, view: JobView, work: Work, has_time: HasTime) -> Work:
        """Lane by lane, from where the work says; where the time ends, the next look goes on."""
        while work.search_lane is not None and has_time():
            if total(view.heads).pending:
                head = view.heads[work.search_lane]
                for handouts in _shares(self._handed_out(head, work)):
                    self.queue.send(view.job, handouts, has_time)
            next_lane = work.search_lane + 1
            through = next_lane == len(view.heads)
            work = replace(work, search_lane=None if through else next_lane).next_version()
            if not self.works.save_work(view.job, work):
                # Another goes on with it.
                return work
        return work

    def _handed_out(self, head: Head, work: Work) -> Iterator[Handout]:
        """The items for whose awaited dispatch a message was sent."""
        job_id, lane, after = head.job_id, head.lane, None
        due_rows = self.due_rows.list_due(job_id, lane, _MOST_DUE_ROWS)
        waiting = {row.item_id for row in due_rows}
        taken = work.lanes[lane].taken
        while True:
            page = self.lanes.list_items(job_id, lane, after, SCANNED_ITEMS, one_page=True)
            for item in page.items:
                if effective_item(head, item).state is not ItemState.PENDING:
                    continue
                if item.due_at is not None:
                    passed = item.item_id not in waiting
                else:
                    passed = self._registered_at(head, item, taken) < taken
                if passed:
                    yield of_item(item)
            after = page.next_after
            if after is None:
                return

    def _registered_at(self, head: Head, item: Item, taken: int) -> int:
        """The offset of its registration, or an earlier one than `taken`.

        Refused commands are later events of an item, and change nothing of it.
        """
        offset = item.offset
        while offset >= taken:
            row = self.lanes.read_journal(head.job_id, head.lane, offset, 1)[0]
            event = row.entries[offset - row.offset]
            if event.kind is EventKind.REGISTERED or event.previous is None:
                return offset
            offset = event.previous
        return offset


def _shares(handouts: Iterator[Handout]) -> Iterator[list[Handout]]:
    share: list[Handout] = []
    for handout in handouts:
        share.append(handout)
        if len(share) == FLIGHT_ITEMS:
            yield share
            share = []
    if share:
        yield share
