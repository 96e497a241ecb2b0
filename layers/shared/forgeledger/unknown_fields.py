"""Unknown field names: ignored, but answered, journalled, and logged once per process.

A newer sender loses nothing by its extra fields; a misspelt `leaseSeconds` would silently mean no
lease.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

# The fields of an object, each with the fields of the object in it or of those in its list.
KnownFields = Mapping[str, frozenset[str]]

# Senders choose the names: one process remembers only so many, and only so much of each.
_MOST_NAMES: Final = 100
_NAME_CHARACTERS: Final = 64
# Of one request or command so many are named.
_MOST_NAMED: Final = 20


class UnknownFields:
    """The unknown names that a process has met."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: frozenset[str] = frozenset()

    def not_seen_before(self, names: Iterable[str]) -> list[str]:
        shortened = {shortened_name(name) for name in names}
        with self._lock:
            new = sorted(shortened - self._seen)[: _MOST_NAMES - len(self._seen)]
            self._seen = self._seen.union(new)
        return new


def shortened_name(name: str) -> str:
    return name[:_NAME_CHARACTERS]


def first_names(names: Iterable[str]) -> tuple[str, ...]:
    """The first names of one request or command, each cut: how many there are has a bound."""
    return tuple(sorted({shortened_name(name) for name in names})[:_MOST_NAMED])


def unknown_in(body: Mapping[str, Any], known: KnownFields) -> set[str]:
    """Names that the contract does not have, also in objects one level down."""
    return {
        prefix + name
        for prefix, fields, names in objects_in(body, known)
        for name in fields.keys() - names
    }


def objects_in(
    body: Mapping[str, Any], known: KnownFields
) -> Iterator[tuple[str, Mapping[str, Any], frozenset[str]]]:
    """A body and the objects one level down, each with its prefix in a path and its known names."""
    yield "", body, frozenset(known)
    for name, inner in known.items():
        if not inner or name not in body:
            continue
        value = body[name]
        prefix, objects = (
            (f"{name}[].", value) if isinstance(value, list) else (f"{name}.", [value])
        )
        for fields in objects:
            if isinstance(fields, dict):
                yield prefix, fields, inner
