"""Bases of request and response bodies, and the field names of a body."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from forgeledger.unknown_fields import KnownFields


class RequestModel(BaseModel):
    """Accepts camelCase and snake_case, converts no types and ignores unknown fields."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, strict=True)

    # Of which fields, while they are absent, a near miss is refused and not ignored; True: of all.
    refuses_near_misses: ClassVar[bool | frozenset[str]] = False


class ResponseModel(BaseModel):
    """Made of fields by name; one inside another is also read from a record's attributes."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, from_attributes=True)


def not_yet(feature: str) -> BeforeValidator:
    """Refuse a field that a later version brings: ignoring it would mislead its sender."""

    def check(value: Any) -> None:
        if value is not None:
            raise PydanticCustomError(
                "not_yet",
                "comes with {feature} and is not supported yet",
                {"feature": feature},
            )

    return BeforeValidator(check)


def names_of(model: type[BaseModel]) -> frozenset[str]:
    """The names of a body's fields, in either spelling."""
    return frozenset(
        spelling
        for name, field in model.model_fields.items()
        for spelling in (name, field.alias or name)
    )


def known_fields(model: type[BaseModel]) -> KnownFields:
    """A body's field names, each with the names inside it."""
    known: dict[str, frozenset[str]] = {}
    for name, field in model.model_fields.items():
        inner = map(names_of, _models_in(field.annotation))
        known |= dict.fromkeys((name, field.alias or name), frozenset[str]().union(*inner))
    return known


def strict_fields(model: type[BaseModel]) -> Mapping[str, frozenset[str]]:
    """The fields of which near misses are refused, by the prefix, as `error.`, of their object."""
    strict = {"": _strict_in(model)}
    for name, field in model.model_fields.items():
        for inner in _models_in(field.annotation):
            strict |= {
                f"{spelling}.": _strict_in(inner) for spelling in (name, field.alias or name)
            }
    return {prefix: names for prefix, names in strict.items() if names}


def closed_prefixes(model: type[BaseModel]) -> frozenset[str]:
    """The prefixes in paths, as `policy.`, of the objects in a body that refuse unknown fields."""
    return frozenset(
        f"{spelling}."
        for name, field in model.model_fields.items()
        for inner in _models_in(field.annotation)
        if inner.model_config.get("extra") == "forbid"
        for spelling in (name, field.alias or name)
    )


def _strict_in(model: type[BaseModel]) -> frozenset[str]:
    refuses = issubclass(model, RequestModel) and model.refuses_near_misses
    return names_of(model) if refuses is True else refuses or frozenset()


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
