"""Make the engine's queries bearable: it evaluates expressions anew for each row of a partition."""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, Final

# The engine's pure functions of an expression's text.
PARSERS: Final = ("_tokenize", "_condition_syntax_error")
EVALUATOR: Final = "_evaluate_condition"
# The ledger's only condition on keys, a tenth of whose time a comparison takes.
KEY_RANGE: Final = "PK = :pk AND SK BETWEEN :first AND :last"
_EXPRESSIONS_CACHED: Final = 1_024

_Row = Mapping[str, Mapping[str, Any]]
_Evaluate = Callable[..., bool]


def quicken_queries() -> None:
    """Parse each expression once, and compare keys without an interpreter of expressions.

    A parser leaves cycles of closures for each row, which stay until the collector runs: reading a
    job of 50,000 items took gigabytes. An engine without these functions is left as it is.
    """
    dynamodb = import_module("ministack.services.dynamodb")
    for name in PARSERS:
        if (parse := getattr(dynamodb, name, None)) is not None:
            setattr(dynamodb, name, lru_cache(_EXPRESSIONS_CACHED)(parse))
    if (evaluate := getattr(dynamodb, EVALUATOR, None)) is not None:
        setattr(dynamodb, EVALUATOR, partial(evaluate_quickly, evaluate))


def evaluate_quickly(
    evaluate: _Evaluate, expression: str, row: _Row, values: _Row, *more: Any, **named: Any
) -> bool:
    if expression != KEY_RANGE:
        return evaluate(expression, row, values, *more, **named)
    pk, sk = row["PK"]["S"], row["SK"]["S"]
    # Python's order of code points is DynamoDB's order of UTF-8 bytes.
    is_within: bool = values[":first"]["S"] <= sk <= values[":last"]["S"]
    return is_within and pk == values[":pk"]["S"]
