"""Key conditions of a query: one partition, and all of its sort keys or a range of them."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.simulation.expressions import Values, WrongExpression

_CONDITION = re.compile(
    r"(?P<partition>#?\w+) = (?P<value>:\w+)"
    r"( AND (?P<sort>\w+) ((?P<sign>[<>]) (?P<bound>:\w+)"
    r"|BETWEEN (?P<first>:\w+) AND (?P<last>:\w+)))?"
)
_SIGNS = {"<": operator.lt, ">": operator.gt}
KeyFilter = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class KeyCondition:
    # The partition key's name, and the placeholder of its value.
    partition: str
    value: str
    # The sort key's name, if the condition restricts it.
    sort: str | None
    # Builds the test of a sort key from the request's values.
    key_filter: Callable[[Values], KeyFilter]
    placeholders: frozenset[str]


@cache
def parse_key_condition(text: str) -> KeyCondition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise WrongExpression(f"cannot read {text!r}")
    placeholders = frozenset(re.findall(r"[#:]\w+", text))
    return KeyCondition(
        match["partition"], match["value"], match["sort"], _key_filter(match), placeholders
    )


def _key_filter(match: re.Match[str]) -> Callable[[Values], KeyFilter]:
    bound, first, last = match["bound"], match["first"], match["last"]
    if first:
        return lambda values: _between(values[first]["S"], values[last]["S"])
    if bound:
        beyond = _SIGNS[match["sign"]]
        return lambda values: _beyond(beyond, values[bound]["S"])
    return lambda _: _any


def _between(first: str, last: str) -> KeyFilter:
    return lambda key: first <= key <= last


def _beyond(beyond: Callable[[str, str], bool], bound: str) -> KeyFilter:
    return lambda key: beyond(key, bound)


def _any(_: str) -> bool:
    return True
