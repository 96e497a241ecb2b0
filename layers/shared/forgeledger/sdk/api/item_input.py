"""An item to register: checked before it travels, so that its own place can be told at once."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import ITEM_NAMES
from forgeledger.jobs.model.limits import PAYLOAD_BYTES
from forgeledger.sdk.command import check_names, checked_item_id, checked_json, shown
from forgeledger.sdk.errors import InvalidCommandError, InvalidItemError
from forgeledger.sdk.records import Problem

ItemSpec = str | Mapping[str, Any]

# The ledger's parser takes 200 levels; the request, its list and the item are three of them.
MOST_LEVELS: Final = 197
# What the API blames in a request's list of items.
_ITEM: Final = re.compile(r"items\[(\d+)\]")


def check_many(field: str, given: object) -> None:
    """Raises InvalidCommandError for what would come apart: a text, or the keys of a mapping."""
    if isinstance(given, (str, bytes, bytearray, Mapping)) or not isinstance(given, Iterable):
        kind = type(given).__name__
        rule = f"is a list or another iterable, not a {kind}; one alone goes into a list as well"
        raise InvalidCommandError(field, rule)


def check_flag(field: str, given: object) -> None:
    """Raises InvalidCommandError for what would be taken as true, the text "no" for one."""
    if not isinstance(given, bool):
        raise InvalidCommandError(field, f"must be true or false, not {shown(given)}")


def check_item(item: ItemSpec) -> None:
    """Raises InvalidCommandError where the ledger would refuse the item or leave out a field."""
    if isinstance(item, str):
        checked_item_id(item)
        return
    if not isinstance(item, Mapping):
        raise InvalidCommandError("item", "is an itemId or an object that has one")
    check_names(item, ITEM_NAMES, "an item")
    item_id = item.get("itemId", item.get("item_id"))
    if not isinstance(item_id, str):
        raise InvalidCommandError("itemId", "is missing or not a text")
    checked_item_id(item_id)
    if item.get("payload") is not None:
        payload = item["payload"]
        checked_json("payload", payload, most_bytes=PAYLOAD_BYTES, most_levels=MOST_LEVELS)


def checked_items(items: Iterable[ItemSpec]) -> Iterator[ItemSpec]:
    """The items, up to one that is wrong, of which its place among all of them is told."""
    for index, item in enumerate(items):
        try:
            check_item(item)
        except InvalidCommandError as error:
            raise InvalidItemError(index, error.field, error.rule) from error
        yield item


def counted_from(first: int, problem: Problem) -> Problem:
    """What was found wrong in a chunk, by the places of its items in all that was given."""
    return told_of_items(problem, lambda index, field: f"items[{first + index}]{field}")


def told_of_items(problem: Problem, told: Callable[[int, str], str]) -> Problem:
    """Has each field of an item told anew, from the item's index and what stands behind that."""

    def retold(field: str) -> str:
        found = _ITEM.match(field)
        return told(int(found[1]), field[found.end() :]) if found else field

    errors = (replace(error, field=retold(error.field)) for error in problem.errors)
    return replace(problem, errors=tuple(errors))
