"""What is registered with an item: the same for each request, by the item's id."""

import zlib
from typing import Any, Final

from forgeledger.jobs.usecases.register_items import NewItem
from forgeledger.json_text import iso
from tests.simulation.world import START_MS

_KINDS: Final = (None, None, "resize", '\u00e9 or "e"')
_GROUPS: Final = (None, None, "acme", "~!")
# After the start of the history; most items have no time of their own.
_WAITS_MS: Final = (None, None, None, 5_000, 60_000, 400_000)


def new_item(item_id: str) -> NewItem:
    number = zlib.crc32(f"details of {item_id}".encode())
    wait = _WAITS_MS[number // 16 % len(_WAITS_MS)]
    return NewItem(
        item_id=item_id,
        payload=f'"{item_id}"',
        kind=_KINDS[number % 4],
        group=_GROUPS[number // 4 % 4],
        not_before=None if wait is None else START_MS + wait,
    )


def item_spec(item_id: str) -> dict[str, Any]:
    """The same item as the SDK takes it."""
    item = new_item(item_id)
    spec = {
        "itemId": item_id,
        "payload": item_id,
        "kind": item.kind,
        "group": item.group,
        "notBefore": None if item.not_before is None else iso(item.not_before),
    }
    return {name: value for name, value in spec.items() if value is not None}
