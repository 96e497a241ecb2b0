"""Bases of request and response bodies, and the checks that pydantic does not have."""

import sys
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from forgeledger.json_text import parse_instant, to_text
from forgeledger.unknown_fields import KnownFields


class RequestModel(BaseModel):
    """Accepts camelCase and snake_case, converts no types and ignores unknown fields."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, strict=True
    )


class ResponseModel(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


def at_most_bytes(limit: int) -> AfterValidator:
    def check(text: str) -> str:
        _check_size(text, limit, "in UTF-8")
        return text

    return AfterValidator(check)


def json_at_most(limit: int) -> AfterValidator:
    def check(value: Any) -> Any:
        try:
            text = to_text(value, sys.maxsize)
        except ValueError as error:
            raise PydanticCustomError("json", "{why}", {"why": str(error)}) from error
        _check_size(text, limit, "of JSON")
        return value

    return AfterValidator(check)


def _check_size(text: str, limit: int, unit: str) -> None:
    size = len(text.encode())
    if size > limit:
        raise PydanticCustomError(
            "max_bytes",
            "must be at most {limit} bytes {unit}, not {size}",
            {"limit": limit, "unit": unit, "size": size},
        )


def not_supported(feature: str) -> BeforeValidator:
    """Refuse a field that is reserved for a later version: ignoring it would mislead its sender."""

    def check(value: Any) -> None:
        if value is not None:
            raise PydanticCustomError(
                "unsupported",
                "comes with {feature} and is not supported by this version",
                {"feature": feature},
            )

    return BeforeValidator(check)


def instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError as error:
        raise PydanticCustomError("datetime", "{why}", {"why": str(error)}) from error
    return text


def names_of(model: type[BaseModel]) -> frozenset[str]:
    """The names of a body's fields, in either spelling."""
    return frozenset(
        spelling
        for name, field in model.model_fields.items()
        for spelling in (name, field.alias or name)
    )


def known_fields(model: type[BaseModel]) -> KnownFields:
    """A body's field names, each with the names inside it; a strict object reports its own."""
    known: dict[str, frozenset[str]] = {}
    for name, field in model.model_fields.items():
        lenient = (
            names_of(inner)
            for inner in _models_in(field.annotation)
            if inner.model_config.get("extra") != "forbid"
        )
        known |= dict.fromkeys((name, field.alias or name), frozenset[str]().union(*lenient))
    return known


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
