"""Bases of request and response bodies, and the field names of a body."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from forgeledger.unknown_fields import KnownFields


class RequestModel(BaseModel):
    """Accepts camelCase and snake_case, converts no types and ignores unknown fields."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, strict=True)

    # Whether an unknown field that is near to an absent one is refused and not ignored.
    refuses_near_misses: ClassVar[bool] = False


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


def strict_prefixes(model: type[BaseModel]) -> frozenset[str]:
    """The prefixes in paths, as `error.`, of the objects in a body that refuse near misses."""
    inner = _prefixes(model, _refuses_near_misses)
    return inner | {""} if _refuses_near_misses(model) else inner


def closed_prefixes(model: type[BaseModel]) -> frozenset[str]:
    """The prefixes in paths, as `policy.`, of the objects in a body that refuse unknown fields."""
    return _prefixes(model, lambda inner: inner.model_config.get("extra") == "forbid")


def _prefixes(
    model: type[BaseModel], is_wanted: Callable[[type[BaseModel]], bool]
) -> frozenset[str]:
    return frozenset(
        f"{spelling}."
        for name, field in model.model_fields.items()
        if any(map(is_wanted, _models_in(field.annotation)))
        for spelling in (name, field.alias or name)
    )


def _refuses_near_misses(model: type[BaseModel]) -> bool:
    return issubclass(model, RequestModel) and model.refuses_near_misses


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
