"""Pydantic's errors in the contract's words, the same for requests and for queue messages.

Pydantic's own texts speak of Python; a sender of JSON needs words of JSON.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

# Pydantic's name of a rule, and the contract's where it is another.
_RULES: Final = {
    "missing": "required",
    "string_too_short": "min_length",
    "string_too_long": "max_length",
    "too_short": "min_items",
    "too_long": "max_items",
    "greater_than_equal": "minimum",
    "less_than_equal": "maximum",
    "literal_error": "enum",
    "extra_forbidden": "unknown",
}

_INTEGER_RULES: Final = ("int_type", "int_parsing", "int_parsing_size", "int_from_float")
# Rules that are not listed come with a text of their own.
_SENTENCES: Final = {
    "missing": "is required",
    "extra_forbidden": "is no field of this object",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "must be an object"),
    **dict.fromkeys(_INTEGER_RULES, "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
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


def path_of(names: Sequence[str | int]) -> str:
    """The path of a field in the body, such as `items[3].itemId`."""
    path = "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in names)
    return path.removeprefix(".")


def rule_of(kind: str) -> str:
    unlisted = "type" if kind.endswith(("_type", "_parsing", "_from_float")) else kind
    return _RULES.get(kind, unlisted)


def misspelt_sentence(right_name: str) -> str:
    return f"is no field of this object; did you mean {right_name}?"


def ignored_sentence(right_name: str | None) -> str:
    hint = "" if right_name is None else f"; did you mean {right_name}?"
    return f"is no field of this object and is ignored{hint}"


def sentence_of(error: Mapping[str, Any]) -> str:
    sentence = _SENTENCES.get(error["type"])
    return str(error["msg"]) if sentence is None else sentence.format(**error.get("ctx", {}))
