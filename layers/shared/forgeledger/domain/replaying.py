"""The journal is the truth: from it alone come the head and the items."""

from collections.abc import Iterable

from forgeledger.domain.items import Item, ItemState
from forgeledger.domain.journal import Event, evolve_head, evolve_item
from forgeledger.domain.lanes import Counts, Head, count_failure, settle


def replay(genesis: Head, events: Iterable[Event]) -> tuple[Head, dict[str, Item]]:
    """Head and items of a lane after its events, from the head it was created with."""
    head = genesis
    items: dict[str, Item] = {}
    for event in events:
        before = None if event.item_id is None else items.get(event.item_id)
        if before is not None:
            before = settle(head, before)
        after = evolve_item(before, event, head.offset)
        head = evolve_head(head, event, before, after)
        if after is not None:
            items[after.item_id] = after
    return head, items


def count(head: Head, items: Iterable[Item]) -> tuple[Counts, tuple[tuple[str, int], ...]]:
    """What the head's counts ought to be, from the items themselves."""
    states = dict.fromkeys(ItemState, 0)
    failures: tuple[tuple[str, int], ...] = ()
    for item in items:
        settled = settle(head, item)
        states[settled.state] += 1
        if settled.state is ItemState.FAILED and settled.failure is not None:
            failures = count_failure(failures, settled.failure.type, +1)
    counts = Counts(
        pending=states[ItemState.PENDING],
        in_progress=states[ItemState.IN_PROGRESS],
        completed=states[ItemState.COMPLETED],
        failed=states[ItemState.FAILED],
        canceled=states[ItemState.CANCELED],
        failings=max(head.counts.failings, states[ItemState.FAILED]),
    )
    return counts, failures
