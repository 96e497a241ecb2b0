"""Fields of a request's body that no model sees: unknown ones, and second spellings."""

from collections.abc import Container, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from forgeledger.near_misses import misspelt_in, right_name
from forgeledger.rule_messages import (
    Rule,
    ignored_sentence,
    misspelt_sentence,
    spelled_twice_sentence,
)
from forgeledger.unknown_fields import KnownFields, first_names, objects_in, shortened_name
from forgeledger.web.models import closed_prefixes, known_fields, strict_fields

# A field, the rule and a message, as in the errors of a problem document.
Warnings = tuple[dict[str, str], ...]
# Of one request: a large body has room for more than an answer can hold.
_MOST_SPELLED_TWICE: Final = 1_000


class BodyFields(NamedTuple):
    """The known fields of a route's body, and the prefixes of objects that refuse others.

    A strict object refuses near misses of these fields. A closed one refuses all unknown fields, as
    its model says.
    """

    known: KnownFields
    strict: Mapping[str, frozenset[str]]
    closed: frozenset[str]

    @classmethod
    def of(cls, model: type[BaseModel]) -> "BodyFields":
        return cls(known_fields(model), strict_fields(model), closed_prefixes(model))


class CheckedFields(NamedTuple):
    """The paths of ignored fields, the warnings of them, and rule and message of refused ones."""

    ignored: frozenset[str] = frozenset()
    warnings: Warnings = ()
    refused: Mapping[str, tuple[Rule, str]] = MappingProxyType({})


def check_fields(body: Mapping[str, Any], fields: BodyFields) -> CheckedFields:
    refused: dict[str, tuple[Rule, str]] = {
        path: ("spelled_twice", spelled_twice_sentence(camel_case))
        for path, camel_case in islice(_spelled_twice(body, fields.known), _MOST_SPELLED_TWICE)
    }
    ignored: dict[str, tuple[str, Mapping[str, Any], frozenset[str]]] = {}
    for prefix, given, known in objects_in(body, fields.known):
        unknown = given.keys() - known
        if not unknown:
            continue
        if prefix in fields.closed:
            # Its model refuses the others.
            for name, right in misspelt_in(given, known).items():
                refused.setdefault(
                    shortened_name(prefix + name), ("unknown", misspelt_sentence(right))
                )
            continue
        if prefix in fields.strict:
            misspelt = misspelt_in(given, known, fields.strict[prefix])
            misspelt |= {} if prefix else _misplaced(body, fields)
            for name, right in misspelt.items():
                refused[shortened_name(prefix + name)] = ("misspelt", misspelt_sentence(right))
            unknown -= misspelt.keys()
        for name in unknown:
            ignored.setdefault(shortened_name(prefix + name), (name, given, known))
    warnings = tuple(_warning(path, right_name(*ignored[path])) for path in first_names(ignored))
    return CheckedFields(frozenset(ignored), warnings, refused)


def _spelled_twice(body: Mapping[str, Any], known: KnownFields) -> Iterator[tuple[str, str]]:
    """The path of each field in snake_case that is also given in camelCase, with that name."""
    yield from _twins(body, known.keys())
    for name, inner in known.items():
        value = body.get(name)
        entries = value if isinstance(value, list) else [value]
        for index, entry in enumerate(entries):
            for twin, camel_case in _twins(entry, inner):
                position = f"[{index}]" if entries is value else ""
                yield f"{name}{position}.{twin}", camel_case


def _twins(given: Any, known: Container[str]) -> Iterator[tuple[str, str]]:
    if isinstance(given, dict):
        for name in given:
            if "_" in name and name in known and to_camel(name) in given:
                yield name, to_camel(name)


def _misplaced(body: Mapping[str, Any], fields: BodyFields) -> dict[str, str]:
    """Fields that belong into a closed object, where they are absent, with their right paths."""
    right: dict[str, str] = {}
    for prefix in sorted(fields.closed):
        name = prefix.removesuffix(".")
        given = body.get(name)
        present = {*map(to_camel, given)} if isinstance(given, dict) else set()
        for field in body.keys() & fields.known[name] - fields.known.keys():
            if to_camel(field) not in present:
                right[field] = prefix + to_camel(field)
    return right


def _warning(path: str, meant: str | None) -> dict[str, str]:
    return {"field": path, "rule": "unknown", "message": ignored_sentence(meant)}
