"""Unknown fields of a request's body: answered as warnings, or refused as near misses."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel

from forgeledger.near_misses import misspelt_in, right_name
from forgeledger.rule_messages import ignored_sentence
from forgeledger.unknown_fields import KnownFields, first_names, objects_in, shortened_name
from forgeledger.web.models import known_fields, strict_prefixes

# A field, the rule and a message, as in the errors of a problem document.
Warnings = tuple[dict[str, str], ...]


class BodyFields(NamedTuple):
    """The known fields of a route's body, and the prefixes of objects that refuse near misses."""

    known: KnownFields
    strict: frozenset[str]

    @classmethod
    def of(cls, model: type[BaseModel]) -> "BodyFields":
        return cls(known_fields(model), strict_prefixes(model))


class UnknownBodyFields(NamedTuple):
    """The paths of ignored fields, the warnings of them, and near misses with the right names."""

    ignored: frozenset[str] = frozenset()
    warnings: Warnings = ()
    misspelt: Mapping[str, str] = MappingProxyType({})


def check_fields(body: Mapping[str, Any], fields: BodyFields) -> UnknownBodyFields:
    misspelt: dict[str, str] = {}
    ignored: dict[str, tuple[str, Mapping[str, Any], frozenset[str]]] = {}
    for prefix, given, known in objects_in(body, fields.known):
        unknown = given.keys() - known
        if unknown and prefix in fields.strict:
            refused = misspelt_in(given, known)
            misspelt |= {shortened_name(prefix + name): right for name, right in refused.items()}
            unknown -= refused.keys()
        for name in unknown:
            ignored.setdefault(shortened_name(prefix + name), (name, given, known))
    warnings = tuple(_warning(path, right_name(*ignored[path])) for path in first_names(ignored))
    return UnknownBodyFields(frozenset(ignored), warnings, misspelt)


def _warning(path: str, meant: str | None) -> dict[str, str]:
    return {"field": path, "rule": "unknown", "message": ignored_sentence(meant)}
