"""Fields that the contract does not know: taken and left out, but told of, since it may be a slip.

A sender that is newer than this version, or says more than it needs to, loses nothing by it. One
that writes `leaseSecond` has no lease, and would not hear of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from forgeledger.jobs.messages import command_fields as field_names
from forgeledger.jobs.usecases.consume_messages import Message
from forgeledger.unknown_names import first_told


class UnknownFields:
    """Those that a process meets, each name once."""

    def __init__(self) -> None:
        self._told: frozenset[str] = frozenset()

    def in_messages(self, messages: Iterable[Message]) -> list[str]:
        known = field_names.COMMAND
        found: set[str] = set()
        for message in messages:
            found.update(f"{name} beside commands" for name in message.body.beside)
            for raw in message.body.raw:
                if isinstance(raw, dict) and ("error" in raw or not raw.keys() <= known):
                    found |= _unknown_in(raw, known)
        return self._fresh(found)

    def in_body(self, body: Mapping[str, Any], known: frozenset[str]) -> list[str]:
        return self._fresh(_unknown_in(body, known))

    def _fresh(self, found: set[str]) -> list[str]:
        fresh, self._told = first_told(self._told, found)
        return fresh


def _unknown_in(raw: Mapping[str, Any], known: frozenset[str]) -> set[str]:
    """Names that are none of the known ones, here, in its error or in its list of items."""
    found = set(raw.keys() - known)
    error, items = raw.get("error"), raw.get("items")
    if "error" in known and isinstance(error, dict):
        found.update(f"error.{name}" for name in error.keys() - field_names.ERROR)
    if "items" in known and isinstance(items, list):
        for item in items:
            if isinstance(item, dict) and not item.keys() <= field_names.ITEM:
                found.update(f"items[].{name}" for name in item.keys() - field_names.ITEM)
    return found
