"""Check the items of a registration before they are sent, so that each error has its index."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import (
    GROUP,
    ITEM_ID,
    ITEM_KIND,
    ITEM_NAMES,
    NOT_BEFORE,
    PAYLOAD,
    QUEUE_CHARACTERS,
    QUEUE_RULE,
    Field,
    due_time,
)
from forgeledger.sdk.command_checks import check_names, checked_text, shown
from forgeledger.sdk.errors import InvalidCommandError, InvalidItemError
from forgeledger.sdk.json_encoder import check_json
from forgeledger.sdk.records import Problem

ItemSpec = str | Mapping[str, Any]

# The ledger's parser takes 200 levels; the request, its list and the item are three of them.
MOST_LEVELS: Final = 197
# How the API names an item of a request in an error.
_ITEM: Final = re.compile(r"items\[(\d+)\]")
_CAMEL_ID, _SNAKE_ID = ITEM_ID.spellings


def check_many(field: str, given: object) -> None:
    """Refuses a text or a mapping: its characters or keys would be taken for the entries."""
    if isinstance(given, (str, bytes, bytearray, Mapping)) or not isinstance(given, Iterable):
        kind = type(given).__name__
        rule = f"must be a list or another iterable, not a {kind}; put a single one into a list"
        raise InvalidCommandError(field, rule)


def check_flag(field: str, given: object) -> None:
    """Refuses other types: the text "no", for example, would count as true."""
    if not isinstance(given, bool):
        raise InvalidCommandError(field, f"must be true or false, not {shown(given)}")


def check_item(item: ItemSpec) -> None:
    """Raises InvalidCommandError if the ledger would refuse the item or ignore a field of it."""
    if isinstance(item, str):
        checked_text(ITEM_ID, item)
        return
    if not isinstance(item, Mapping):
        raise InvalidCommandError("item", f"must be an {ITEM_ID.name} or an object that has one")
    check_names(item, ITEM_NAMES, "an item")
    item_id = item.get(_CAMEL_ID, item.get(_SNAKE_ID))
    if not isinstance(item_id, str):
        raise InvalidCommandError(ITEM_ID.name, "is missing or not text")
    checked_text(ITEM_ID, item_id)
    for field in (ITEM_KIND, GROUP, NOT_BEFORE):
        given = next((item[name] for name in field.spellings if item.get(name) is not None), None)
        if given is not None:
            _check_text(field, checked_text(field, given))
    payload = item.get(PAYLOAD.name)
    if payload is not None:
        check_json(PAYLOAD.name, payload, most_bytes=PAYLOAD.most_bytes, most_levels=MOST_LEVELS)


def _check_text(field: Field, text: str) -> None:
    if field is GROUP and not QUEUE_CHARACTERS.fullmatch(text):
        raise InvalidCommandError(field.name, QUEUE_RULE)
    if field is NOT_BEFORE:
        try:
            due_time(text)
        except ValueError as error:
            raise InvalidCommandError(field.name, str(error)) from None


def checked_items(items: Iterable[ItemSpec]) -> Iterator[ItemSpec]:
    """The items; raises InvalidItemError with the index of the first invalid one."""
    for index, item in enumerate(items):
        try:
            check_item(item)
        except InvalidCommandError as error:
            raise InvalidItemError(index, error.field, error.rule) from error
        yield item


def counted_from(first: int, problem: Problem) -> Problem:
    """A problem of one chunk, with item indexes that count from the start of the registration."""
    return with_item_names(problem, lambda index, field: f"items[{first + index}]{field}")


def with_item_names(problem: Problem, name: Callable[[int, str], str]) -> Problem:
    """The problem with each field of an item renamed, from its index and the rest of its path."""

    def renamed(field: str) -> str:
        match = _ITEM.match(field)
        return name(int(match[1]), field[match.end() :]) if match else field

    errors = (replace(error, field=renamed(error.field)) for error in problem.errors)
    return replace(problem, errors=tuple(errors))
