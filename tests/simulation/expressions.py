"""DynamoDB's expressions, each parsed once into closures over a row, names and values."""

import operator
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, reduce
from typing import Any

Row = dict[str, dict[str, Any]]
Names = Mapping[str, str]
Values = Mapping[str, dict[str, Any]]
Operand = Callable[[Row, Names, Values], dict[str, Any] | None]
Test = Callable[[Row, Names, Values], bool]
Change = Callable[[Row, Row, Names, Values], None]

_TOKEN = re.compile(r"\s*(<=|>=|<>|[=<>(),+-]|[:#]?[A-Za-z_][A-Za-z0-9_]*)")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class WrongExpression(ValueError):
    """DynamoDB would answer with a ValidationException."""


@dataclass(frozen=True, slots=True)
class RowCondition:
    test: Test = lambda *_: True
    # Placeholders used: DynamoDB refuses a request that supplies more or fewer.
    placeholders: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Update:
    # Assignments of a supplied value, by name and placeholder; they depend on no row.
    constants: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]
    placeholders: frozenset[str]

    def apply(self, row: Row, names: Names, values: Values) -> Row:
        changed = dict(row)
        for name, value in self.constants:
            changed[names.get(name, name)] = values[value]
        for change in self.changes:
            change(row, changed, names, values)
        return changed


@dataclass(frozen=True, slots=True)
class Write:
    """One write: its condition, and what it makes of its row."""

    test: Test
    apply: Callable[[Row, Names, Values], Row]
    placeholders: frozenset[str]


@cache
def parse_condition(text: str) -> RowCondition:
    parser = _Parser(text)
    test = parser.parse_or()
    parser.expect_end()
    return RowCondition(test, frozenset(parser.placeholders))


@cache
def parse_update(text: str) -> Update:
    parser = _Parser(text)
    changes = parser.clauses()
    return Update(tuple(parser.constants), tuple(changes), frozenset(parser.placeholders))


@cache
def parse_write(condition: str, update: str) -> Write:
    """Either expression may be empty."""
    checked = parse_condition(condition) if condition else RowCondition()
    updated = parse_update(update)
    return Write(checked.test, updated.apply, checked.placeholders | updated.placeholders)


@cache
def parse_projection(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    parts = tuple(part.strip() for part in text.split(","))
    return parts, frozenset(part for part in parts if part.startswith("#"))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise WrongExpression(f"cannot read {text!r} from {position}")
            # The names and values of a request are interned too: the lookup compares identities.
            self.tokens.append(sys.intern(match.group(1)))
            position = match.end()
        self.at = 0
        self.placeholders: set[str] = set()
        self.constants: list[tuple[str, str]] = []

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected: str) -> str:
        token = self.peek()
        if not token or (expected and token.upper() not in expected):
            raise WrongExpression(f"expected {expected or 'more'} in {self.text!r}, not {token!r}")
        self.at += 1
        return token

    def expect_end(self) -> None:
        if self.peek():
            raise WrongExpression(f"unexpected {self.peek()!r} in {self.text!r}")

    def parse_or(self) -> Test:
        tests = [self.parse_and()]
        while self.peek().upper() == "OR":
            self.take()
            tests.append(self.parse_and())
        if len(tests) == 1:
            return tests[0]
        return lambda row, names, values: any(test(row, names, values) for test in tests)

    def parse_and(self) -> Test:
        tests = [self.parse_term()]
        while self.peek().upper() == "AND":
            self.take()
            tests.append(self.parse_term())
        return reduce(_both, tests)

    def parse_term(self) -> Test:
        token = self.peek()
        if token.upper() == "NOT":
            self.take()
            inner = self.parse_term()
            return lambda row, names, values: not inner(row, names, values)
        if token == "(":
            self.take()
            inner = self.parse_or()
            self.take(")")
            return inner
        if token in ("attribute_exists", "attribute_not_exists"):
            return self._existence(exists=self.take() == "attribute_exists")
        if token == "begins_with":
            self.take()
            self.take("(")
            value = self.operand()
            self.take(",")
            start = self.operand()
            self.take(")")
            return lambda row, names, values: _begins_with(
                value(row, names, values), start(row, names, values)
            )
        return self._comparison()

    def _existence(self, *, exists: bool) -> Test:
        self.take("(")
        path = self.operand()
        self.take(")")
        return lambda row, names, values: (path(row, names, values) is not None) is exists

    def _comparison(self) -> Test:
        left = self.operand()
        sign = self.take("=", "<>", "<", "<=", ">", ">=", "BETWEEN").upper()
        right = self.operand()
        if sign == "BETWEEN":
            self.take("AND")
            last = self.operand()
            return _both(_ordered(operator.ge, left, right), _ordered(operator.le, left, last))
        if sign in _ORDERS:
            return _ordered(_ORDERS[sign], left, right)
        compare = _equal if sign == "=" else _differ
        return lambda row, names, values: compare(
            left(row, names, values), right(row, names, values)
        )

    def operand(self) -> Operand:
        token = self.take()
        if token.startswith(":"):
            self.placeholders.add(token)
            return lambda row, names, values: values[token]
        if token == "if_not_exists":
            self.take("(")
            path = self.operand()
            self.take(",")
            default = self.operand()
            self.take(")")
            return lambda row, names, values: (
                path(row, names, values) or default(row, names, values)
            )
        if token.startswith("#"):
            self.placeholders.add(token)
            return lambda row, names, values: row.get(names[token])
        return lambda row, names, values: row.get(token)

    def clauses(self) -> list[Change]:
        changes: list[Change] = []
        while self.peek():
            clause = self.take("SET", "REMOVE").upper()
            while True:
                if clause == "REMOVE":
                    changes.append(self._removal())
                elif not self._take_constant():
                    changes.append(self._assignment())
                if self.peek() != ",":
                    break
                self.take()
        return changes

    def _name(self) -> Callable[[Names], str]:
        token = self.take()
        if token.startswith("#"):
            self.placeholders.add(token)
            return lambda names: names[token]
        return lambda names: token

    def _take_constant(self) -> bool:
        """Take an assignment of one supplied value, if that comes next."""
        name, sign, value = (*self.tokens[self.at : self.at + 3], "", "", "")[:3]
        following = self.tokens[self.at + 3 : self.at + 4]
        if sign != "=" or not value.startswith(":") or following in (["+"], ["-"]):
            return False
        self.at += 3
        self.constants.append((name, value))
        self.placeholders |= {token for token in (name, value) if token[0] in "#:"}
        return True

    def _assignment(self) -> Change:
        name = self._name()
        self.take("=")
        value = self.operand()
        sign = self.peek()
        if sign in ("+", "-"):
            self.take()
            by = self.operand()

            def add(row: Row, changed: Row, names: Names, values: Values) -> None:
                left, right = value(row, names, values), by(row, names, values)
                assert left is not None
                assert right is not None
                total = Decimal(left["N"]) + Decimal(right["N"]) * (1 if sign == "+" else -1)
                changed[name(names)] = {"N": str(total)}

            return add

        def assign(row: Row, changed: Row, names: Names, values: Values) -> None:
            assigned = value(row, names, values)
            if assigned is None:
                raise WrongExpression(f"nothing to assign in {self.text!r}")
            changed[name(names)] = assigned

        return assign

    def _removal(self) -> Change:
        name = self._name()
        return lambda row, changed, names, values: _discard(changed, name(names))


def _discard(row: Row, name: str) -> None:
    row.pop(name, None)


def _begins_with(value: dict[str, Any] | None, start: dict[str, Any] | None) -> bool:
    return value is not None and start is not None and str(value["S"]).startswith(start["S"])


def _both(test: Test, further: Test) -> Test:
    return lambda row, names, values: test(row, names, values) and further(row, names, values)


def _ordered(order: Callable[[Any, Any], bool], first: Operand, second: Operand) -> Test:
    def test(row: Row, names: Names, values: Values) -> bool:
        left, right = first(row, names, values), second(row, names, values)
        if left is None or right is None or left.keys() != right.keys():
            return False
        if "N" in left:
            return order(Decimal(left["N"]), Decimal(right["N"]))
        return order(*left.values(), *right.values())

    return test


def _equal(left: dict[str, Any] | None, right: dict[str, Any] | None) -> bool:
    if left is None or right is None:
        return False
    return left == right or (
        "N" in left and "N" in right and Decimal(left["N"]) == Decimal(right["N"])
    )


def _differ(left: dict[str, Any] | None, right: dict[str, Any] | None) -> bool:
    return left is not None and right is not None and not _equal(left, right)
