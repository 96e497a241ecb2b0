"""Pydantic's errors in the contract's words, the same for requests and for queue messages.

Pydantic's own texts speak of Python; a sender of JSON needs words of JSON.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

# All that an error can name; docs/http.md lists them.
Rule = Literal[
    "required",
    "unknown",
    "misspelt",
    "spelled_twice",
    "type",
    "json",
    "unicode",
    "enum",
    "min_length",
    "max_length",
    "max_bytes",
    "min_items",
    "max_items",
    "minimum",
    "maximum",
    "datetime",
    "queue_characters",
    "cursor",
    "not_yet",
    "one_item",
    "job_key_required",
    "excluded",
    "execution_off",
    "lease_required",
    "queue_not_listed",
    "execute_at_past",
]
_OURS: Final[Mapping[str, Rule]] = {rule: rule for rule in get_args(Rule)}
# Pydantic's name of a rule, and the contract's where it is another.
_RULES: Final[Mapping[str, Rule]] = {
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


def rule_of(kind: str) -> Rule:
    """The rule of an error by pydantic's name of it or ours; any other is about a type."""
    return _RULES.get(kind) or _OURS.get(kind, "type")


def misspelt_sentence(right_name: str) -> str:
    return f"is no field of this object; did you mean {right_name}?"


def spelled_twice_sentence(camel_case: str) -> str:
    return f"is another spelling of {camel_case}, which is given as well; leave one of them out"


def ignored_sentence(right_name: str | None) -> str:
    hint = "" if right_name is None else f"; did you mean {right_name}?"
    return f"is no field of this object and is ignored{hint}"


def sentence_of(error: Mapping[str, Any]) -> str:
    sentence = _SENTENCES.get(error["type"])
    return str(error["msg"]) if sentence is None else sentence.format(**error.get("ctx", {}))
