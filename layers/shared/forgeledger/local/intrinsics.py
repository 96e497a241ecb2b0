"""Evaluates the few template functions whose results the engine does not report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Unresolved(Exception):
    """The value depends on a function that only the engine evaluates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Resolves `Ref` to a parameter, `Fn::Split`, `Fn::If`, and its conditions."""

    parameters: Mapping[str, str]
    conditions: Mapping[str, Any]

    def value(self, expression: Any) -> Any:
        match expression:
            case {"Ref": name} if name in self.parameters:
                return self.parameters[name]
            case {"Fn::If": [condition, yes, no]}:
                return self.value(yes if self.holds(condition) else no)
            case {"Fn::Split": [str(separator), text]}:
                return str(self.value(text)).split(separator)
            case {"Ref": "AWS::NoValue"}:
                return None
            case dict() if _is_intrinsic(expression):
                raise Unresolved(next(iter(expression)))
            case _:
                return expression

    def holds(self, condition: Any) -> bool:
        match condition:
            case str() if condition in self.conditions:
                return self.holds(self.conditions[condition])
            case {"Condition": name}:
                return self.holds(name)
            case {"Fn::Equals": [left, right]}:
                return _text(self.value(left)) == _text(self.value(right))
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": list(inner)}:
                return all(self.holds(part) for part in inner)
            case {"Fn::Or": list(inner)}:
                return any(self.holds(part) for part in inner)
            case _:
                raise Unresolved(str(condition))

    def flag(self, expression: Any, *, default: bool) -> bool:
        """A boolean property as CloudFormation reads it, or the default."""
        try:
            resolved = self.value(expression)
        except Unresolved:
            return default
        if resolved is None:
            return default
        return _text(resolved).lower() in {"true", "enabled"}


def _is_intrinsic(expression: Mapping[str, Any]) -> bool:
    return len(expression) == 1 and next(iter(expression)).startswith(("Fn::", "Ref"))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
