"""What a query asks for: one partition, and of its sort keys all or those within bounds."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.simulation.expressions import Values, WrongExpression

_ASKED = re.compile(
    r"(?P<partition>#?\w+) = (?P<value>:\w+)"
    r"( AND (?P<sort>\w+) ((?P<sign>[<>]) (?P<bound>:\w+)"
    r"|BETWEEN (?P<first>:\w+) AND (?P<last>:\w+)))?"
)
_SIGNS = {"<": operator.lt, ">": operator.gt}
Wanted = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class KeyCondition:
    # The name of the partition key, and the placeholder of its value.
    partition: str
    value: str
    # The name of the sort key, where anything is asked of it.
    sort: str | None
    # Which sort keys those values want.
    wanted: Callable[[Values], Wanted]
    placeholders: frozenset[str]


@cache
def parse_key_condition(text: str) -> KeyCondition:
    asked = _ASKED.fullmatch(text)
    if asked is None:
        raise WrongExpression(f"cannot read {text!r}")
    placeholders = frozenset(re.findall(r"[#:]\w+", text))
    return KeyCondition(
        asked["partition"], asked["value"], asked["sort"], _wanted(asked), placeholders
    )


def _wanted(asked: re.Match[str]) -> Callable[[Values], Wanted]:
    bound, first, last = asked["bound"], asked["first"], asked["last"]
    if first:
        return lambda values: _between(values[first]["S"], values[last]["S"])
    if bound:
        beyond = _SIGNS[asked["sign"]]
        return lambda values: _beyond(beyond, values[bound]["S"])
    return lambda _: _any


def _between(first: str, last: str) -> Wanted:
    return lambda key: first <= key <= last


def _beyond(beyond: Callable[[str, str], bool], bound: str) -> Wanted:
    return lambda key: beyond(key, bound)


def _any(_: str) -> bool:
    return True
