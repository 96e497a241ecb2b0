"""Problem documents after RFC 9457: a stable code, and every wrong field by name and rule."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

CONTENT_TYPE: Final = "application/problem+json"
_TYPE_PREFIX: Final = "urn:forgeledger:problem:"

# What pydantic calls a broken rule, and what the contract calls it.
_RULES: Final = {
    "missing": "required",
    "string_too_short": "min_length",
    "string_too_long": "max_length",
    "too_short": "min_items",
    "too_long": "max_items",
    "greater_than_equal": "minimum",
    "less_than_equal": "maximum",
    "enum": "enum",
    "literal_error": "enum",
    "extra_forbidden": "unknown",
}

_NO_NUMBER: Final = "must be a number"
_NO_OBJECT: Final = "must be an object"
_NO_TEXT: Final = "must be text"
_NO_WHOLE_NUMBER: Final = "must be a whole number"
# Pydantic speaks of Python; who sends JSON is told of JSON. Its words stand for all others.
_SENTENCES: Final = {
    "missing": "is required",
    "extra_forbidden": "is no field of this object",
    "string_type": _NO_TEXT,
    "int_type": _NO_WHOLE_NUMBER,
    "int_parsing": _NO_WHOLE_NUMBER,
    "int_parsing_size": _NO_WHOLE_NUMBER,
    "int_from_float": _NO_WHOLE_NUMBER,
    "float_type": _NO_NUMBER,
    "float_parsing": _NO_NUMBER,
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": _NO_OBJECT,
    "model_type": _NO_OBJECT,
    "model_attributes_type": _NO_OBJECT,
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have at most {max_length} entries",
    "greater_than_equal": "must be at least {ge:.15g}",
    "less_than_equal": "must be at most {le:.15g}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}


class FieldError(BaseModel):
    field: Annotated[str, Field(examples=["items[3].itemId"])]
    rule: Annotated[str, Field(examples=["max_length"])]
    message: Annotated[str, Field(examples=["must have at most 256 characters"])]


class Problem(BaseModel):
    """What went wrong. `code` is stable; `title` and `detail` are for people."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(examples=["urn:forgeledger:problem:invalid_request"])]
    title: str
    status: int
    code: Annotated[str, Field(examples=["invalid_request"])]
    detail: str | None = None
    errors: list[FieldError] | None = None


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document; `more` are the members that this kind of problem has of its own."""
    document = Problem(
        type=_TYPE_PREFIX + code,
        title=code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        detail=detail,
        errors=list(errors) or None,
    )
    return {**document.model_dump(exclude_none=True), **(more or {})}


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """What pydantic found, in the contract's words."""
    return [
        FieldError(field=_field(each["loc"]), rule=_rule(each["type"]), message=_message(each))
        for each in errors
    ]


def _field(location: Sequence[str | int]) -> str:
    """`items[3].itemId` in the body; the name alone in the path, the query and the headers."""
    _, *names = location
    field = "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in names)
    return field.removeprefix(".") or "body"


def _rule(kind: str) -> str:
    if kind in _RULES:
        return _RULES[kind]
    return "type" if kind.endswith(("_type", "_parsing", "_from_float")) else kind


def _message(error: Mapping[str, Any]) -> str:
    sentence = _SENTENCES.get(error["type"])
    return str(error["msg"]) if sentence is None else sentence.format(**error.get("ctx", {}))
