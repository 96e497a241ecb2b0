"""What is true of a dispatched job, computed from its items and from what was sent."""

from collections.abc import Iterable
from typing import Final

from forgeledger.execution.model.flight import Handout, handed_out
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.job_lifecycle import total
from forgeledger.jobs.model.lanes import effective_item
from tests.simulation.lane_checks import Violation
from tests.support.dispatch_ledger import DispatchingLedger

_ALL: Final = 10_000


class Truth:
    def __init__(self, ledger: DispatchingLedger, job_id: str, window: int | None) -> None:
        self.ledger, self.job_id, self.window = ledger, job_id, window
        # The latest dispatch for which a message was sent, by item.
        self.sent_for: dict[str, int] = {}

    def items(self) -> Iterable[Item]:
        for head in self.ledger.view(self.job_id).heads:
            page = self.ledger.store.list_items(self.job_id, head.lane, None, _ALL)
            for item in page.items:
                yield effective_item(head, item)

    def item(self, item_id: str) -> Item:
        return next(item for item in self.items() if item.item_id == item_id)

    def is_held(self, item_id: str) -> bool:
        """Whether the item's lane grants no claims."""
        heads = self.ledger.view(self.job_id).heads
        return heads[lane_of(item_id, len(heads))].held

    def note_sent(self, handout: Handout) -> bool:
        """Whether the message was needed; a violation if it was too early or one too many."""
        item = self.item(handout.item_id)
        waits_for_it = item.state is ItemState.PENDING and item.attempt + 1 == handout.attempt
        if not waits_for_it or item.item_id in self.out():
            return False
        if self.window is None:
            return True
        if item.due_at is not None and item.due_at > self.ledger.now:
            raise Violation(f"{item.item_id} is sent before its time")
        self.sent_for[item.item_id] = handout.attempt
        out = self.out()
        if len(out) > self.window + len(self._ended_early()):
            raise Violation(f"{sorted(out)} are out, and the window is {self.window}")
        return True

    def out(self) -> set[str]:
        """What was handed out, and has not ended or gone back to PENDING since."""
        return {
            item.item_id
            for item in self.items()
            if not item.finished and self.sent_for.get(item.item_id) == _awaited(item)
        }

    def _ended_early(self) -> set[str]:
        """Items that ended before their turn: the window is wider until they are passed."""
        return self._unpassed() & {item.item_id for item in self.items() if item.finished}

    def _unpassed(self) -> set[str]:
        """The items whose registration or due row is still to be passed."""
        store, names = self.ledger.store, set()
        for lane, at in enumerate(store.load_work(self.job_id).lanes):
            names.update(row.item_id for row in store.list_due(self.job_id, lane, _ALL))
            for row in store.read_journal(self.job_id, lane, at.taken, _ALL):
                names.update(
                    event.item_id or ""
                    for offset, event in enumerate(row.entries, row.offset)
                    if offset >= at.taken and event.kind is EventKind.REGISTERED
                )
        return names

    def is_at_rest(self) -> bool:
        work = self.ledger.store.load_work(self.job_id)
        ended = total(self.ledger.view(self.job_id).heads).unfinished == 0
        return ended and not work.in_flight and not self._unpassed()

    def check_no_slot_is_lost(self) -> None:
        work = self.ledger.store.load_work(self.job_id)
        out = handed_out(work.lanes, self.ledger.view(self.job_id).heads)
        if out:
            raise Violation(f"{out} slots are lost or invented: {work}")


def _awaited(item: Item) -> int:
    """The dispatch whose message an unfinished item is out with, or waits for."""
    return item.dispatch if item.state is ItemState.IN_PROGRESS else item.attempt + 1
