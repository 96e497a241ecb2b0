"""What all bodies of requests and answers share: spelling, strictness and checks of size."""

import sys
from collections.abc import Iterator
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from forgeledger.json_text import parse_instant, to_text
from forgeledger.unknown_fields import KnownFields


class Request(BaseModel):
    """What comes in: both spellings of each name, no guessing of types, unknown names ignored."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, strict=True
    )


def at_most_bytes(limit: int) -> AfterValidator:
    def check(text: str) -> str:
        size = len(text.encode())
        if size > limit:
            raise PydanticCustomError(
                "max_bytes",
                "must be at most {limit} bytes in UTF-8, not {size}",
                {"limit": limit, "size": size},
            )
        return text

    return AfterValidator(check)


def json_at_most(limit: int) -> AfterValidator:
    def check(value: Any) -> Any:
        try:
            size = len(to_text(value, sys.maxsize).encode())
        except ValueError as error:
            raise PydanticCustomError("json", "{why}", {"why": str(error)}) from error
        if size > limit:
            raise PydanticCustomError(
                "max_bytes",
                "must be at most {limit} bytes of JSON, not {size}",
                {"limit": limit, "size": size},
            )
        return value

    return AfterValidator(check)


def not_yet(what: str) -> BeforeValidator:
    def refuse(value: Any) -> None:
        if value is not None:
            raise PydanticCustomError(
                "unsupported",
                "comes with {what} and is not supported by this version",
                {"what": what},
            )

    return BeforeValidator(refuse)


def instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError as error:
        raise PydanticCustomError("datetime", "{why}", {"why": str(error)}) from error
    return text


def names_of(model: type[BaseModel]) -> frozenset[str]:
    """The names of a body's fields, in either spelling."""
    return frozenset(
        name
        for spelled, field in model.model_fields.items()
        for name in (spelled, field.alias or spelled)
    )


def known_fields(model: type[BaseModel]) -> KnownFields:
    """A body's fields, each with those of the objects in it; what is forbidden is not ignored."""
    known: dict[str, frozenset[str]] = {}
    for spelled, field in model.model_fields.items():
        inner = frozenset[str]().union(
            *(
                names_of(found)
                for found in _models_in(field.annotation)
                if found.model_config.get("extra") != "forbid"
            )
        )
        known |= dict.fromkeys((spelled, field.alias or spelled), inner)
    return known


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


class Answer(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Health(Answer):
    status: Annotated[str, Field(examples=["ok"])]
    version: str
