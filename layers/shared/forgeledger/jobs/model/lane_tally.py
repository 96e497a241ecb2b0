"""Count a lane's items, also while they change."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.commands import Recount
from forgeledger.jobs.model.events import Event, evolve_head, evolve_item
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.lanes import COUNT_OF, Counts, Head, count_failure, effective_item


def count(head: Head, items: Iterable[Item]) -> Recount:
    """The numbers that the head should have by its items.

    How often something happened, and how long it took, they do not tell: of the sums only how many
    items are retrying.
    """
    states, retrying = dict.fromkeys(ItemState, 0), 0
    # Which types are counted by name is decided by the journal, and so by the head.
    failures = tuple((name, 0) for name, _ in head.failures)
    for item in items:
        effective = effective_item(head, item)
        states[effective.state] += 1
        retrying += effective.retrying
        if effective.state is ItemState.FAILED and effective.failure is not None:
            failures = count_failure(failures, effective.failure.type, +1)
    numbers = {COUNT_OF[state]: number for state, number in states.items()}
    failings = max(head.counts.failings, states[ItemState.FAILED])
    return Recount(
        counts=Counts(**numbers, failings=failings), failures=failures, retrying=retrying
    )


@dataclass(slots=True)
class Tally:
    """A lane's items, read one after the other while other writers change them.

        head at 10 | read a (at 3) . . . . . . . . read b (at 11) | head at 13
                   |           10: a completed   11: b claimed    |  12: c registered

    Every change since the start is in the journal, so that following it gives the items at a later
    offset. An event that an item was already read with is skipped.
    """

    head: Head
    items: dict[str, Item] = field(default_factory=dict)

    def add(self, item: Item) -> None:
        """Store only what counting needs: a lane may hold a million items."""
        failure = None if item.failure is None else Failure(type=item.failure.type)
        slim = replace(item, payload=None, result=None, worker_id=None, seen=(), failure=failure)
        self.items[item.item_id] = slim

    def follow(self, events: Iterable[Event]) -> None:
        """Apply the next events of the journal."""
        for event in events:
            offset = self.head.offset
            item = None if event.item_id is None else self.items.get(event.item_id)
            if item is None or item.offset < offset:
                before = None if item is None else effective_item(self.head, item)
                item = evolve_item(before, event, offset)
                if item is not None:
                    self.add(item)
            # Only its offset and its closing matter here, not its counts.
            self.head = evolve_head(self.head, event, item, item)

    def counted(self, head: Head) -> Recount:
        """The numbers for this head, which is at the offset of the tally."""
        return count(head, self.items.values())
