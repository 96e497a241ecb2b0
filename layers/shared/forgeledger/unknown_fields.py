"""Unknown field names: ignored, but logged once per process.

A newer sender loses nothing by its extra fields; a misspelt `leaseSeconds` would silently mean no
lease.
"""

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

# The fields of an object, each with the fields of the object in it or of those in its list.
KnownFields = Mapping[str, frozenset[str]]

# Senders choose the names: one process remembers only so many, and only so much of each.
_MOST_NAMES: Final = 100
_NAME_CHARACTERS: Final = 64


class UnknownFields:
    """The unknown names that a process has met."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: frozenset[str] = frozenset()

    def not_seen_before(self, names: Iterable[str]) -> list[str]:
        shortened = {name[:_NAME_CHARACTERS] for name in names}
        with self._lock:
            new = sorted(shortened - self._seen)[: _MOST_NAMES - len(self._seen)]
            self._seen = self._seen.union(new)
        return new


def unknown_in(body: Mapping[str, Any], known: KnownFields) -> set[str]:
    """Names that the contract does not have, also in objects one level down."""
    found = set(body.keys() - known.keys())
    for name, inner in known.items():
        if not inner or name not in body:
            continue
        value = body[name]
        path, objects = (f"{name}[]", value) if isinstance(value, list) else (name, [value])
        for fields in objects:
            if isinstance(fields, dict):
                found.update(f"{path}.{field}" for field in fields.keys() - inner)
    return found
