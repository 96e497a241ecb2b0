"""Rebuild a lane's head and items from its journal alone."""

from collections.abc import Iterable

from forgeledger.jobs.model.events import Event, evolve_head, evolve_item
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.lanes import Head, effective_item


def replay(genesis: Head, events: Iterable[Event]) -> tuple[Head, dict[str, Item]]:
    """Head and items of a lane after its events, from the head it was created with."""
    head = genesis
    items: dict[str, Item] = {}
    for event in events:
        before = None if event.item_id is None else items.get(event.item_id)
        if before is not None:
            before = effective_item(head, before)
        after = evolve_item(before, event, head.offset)
        head = evolve_head(head, event, before, after)
        if after is not None:
            items[after.item_id] = after
    return head, items
