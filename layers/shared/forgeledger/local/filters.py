"""Lambda's event filtering: which records of an event source invoke a function."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from forgeledger.errors import ForgeLedgerError

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}
_TEXT_RULES: Final = {"prefix", "suffix", "equals-ignore-case"}


class PatternError(ForgeLedgerError):
    """A filter pattern that AWS would refuse."""


def parse_criteria(criteria: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], ...]:
    """The patterns of a mapping's FilterCriteria; a record has to match one of them."""
    patterns = []
    for entry in (criteria or {}).get("Filters", []):
        text = entry.get("Pattern", "")
        try:
            pattern = json.loads(text)
        except ValueError as error:
            raise PatternError(f"filter pattern is not JSON: {text}") from error
        _check(pattern, text)
        patterns.append(pattern)
    return tuple(patterns)


def matches_any(patterns: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> bool:
    """Whether a pattern matches the record; without patterns every record passes."""
    return not patterns or any(matches(pattern, record) for pattern in patterns)


def matches(pattern: Mapping[str, Any], record: Any) -> bool:
    """Whether every field of the pattern matches; `$or` holds alternatives."""
    if isinstance(record, list):
        return any(matches(pattern, element) for element in record)
    if not isinstance(record, dict):
        record = {}
    return all(
        any(matches(alternative, record) for alternative in rules)
        if field == "$or"
        else _field_matches(rules, record, field)
        for field, rules in pattern.items()
    )


def _field_matches(rules: Any, record: Mapping[str, Any], field: str) -> bool:
    if isinstance(rules, dict):
        return matches(rules, record.get(field))
    present = field in record and not isinstance(record[field], dict)
    value = record.get(field)
    values = value if isinstance(value, list) else [value]
    return any(_rule_matches(rule, values, present=present) for rule in rules)


def _rule_matches(rule: Any, values: Sequence[Any], *, present: bool) -> bool:
    if isinstance(rule, dict) and "exists" in rule:
        return bool(rule["exists"]) is present
    return present and any(_value_matches(rule, value) for value in values)


def _value_matches(rule: Any, value: Any) -> bool:
    if not isinstance(rule, dict):
        return _equal(rule, value)
    name, argument = next(iter(rule.items()))
    match name:
        case "prefix":
            return _affix(argument, value, str.startswith)
        case "suffix":
            return _affix(argument, value, str.endswith)
        case "equals-ignore-case":
            return isinstance(value, str) and value.lower() == argument.lower()
        case "numeric":
            return _numeric(argument, value)
        case _:  # anything-but: parse_criteria refuses all others
            return not _excluded(argument, value)


def _equal(rule: Any, value: Any) -> bool:
    if isinstance(rule, bool) or isinstance(value, bool):
        return rule is value
    if isinstance(rule, int | float) and isinstance(value, int | float):
        return rule == value
    return type(rule) is type(value) and bool(rule == value)


def _affix(argument: Any, value: Any, test: Callable[[str, str], bool]) -> bool:
    if not isinstance(value, str):
        return False
    if isinstance(argument, dict):
        return test(value.lower(), argument["equals-ignore-case"].lower())
    return test(value, argument)


def _numeric(argument: Sequence[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False  # DynamoDB records hold numbers as strings, which AWS does not match either.
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return all(_OPERATORS[operator](value, bound) for operator, bound in pairs)


def _excluded(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        name, inner = next(iter(argument.items()))
        return any(_value_matches({name: option}, value) for option in _listed(inner))
    return any(_equal(option, value) for option in _listed(argument))


def _listed(argument: Any) -> list[Any]:
    return argument if isinstance(argument, list) else [argument]


def _check(pattern: Any, text: str) -> None:
    if not isinstance(pattern, dict) or not pattern:
        raise PatternError(f"a filter pattern must be an object with at least one field: {text}")
    for field, rules in pattern.items():
        if field == "$or":
            if not isinstance(rules, list):
                raise PatternError(f"$or takes a list of patterns: {text}")
            for alternative in rules:
                _check(alternative, text)
        elif isinstance(rules, list) and rules:
            for rule in rules:
                _check_rule(rule, text)
        else:
            _check(rules, text)


def _check_rule(rule: Any, text: str) -> None:
    match rule:
        case None | str() | bool() | int() | float():
            return
        case {"exists": bool()}:
            return
        case {"prefix": str()} | {"suffix": str()} | {"equals-ignore-case": str()}:
            return
        case {"prefix": {"equals-ignore-case": str()}} | {"suffix": {"equals-ignore-case": str()}}:
            return
        case {"anything-but": dict(inner)} if len(inner) == 1 and inner.keys() <= _TEXT_RULES:
            return
        case {"anything-but": None | str() | int() | float() | [*_]}:
            return
        case {"numeric": [_, _, *_] as bounds} if len(bounds) % 2 == 0 and all(
            operator in _OPERATORS for operator in bounds[::2]
        ):
            return
        case _:
            raise PatternError(f"unknown comparison {json.dumps(rule)} in {text}")
