"""Spares the engine memory; its answers stay the same."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

_remembered: Final = lru_cache(maxsize=512)


class Fingerprint:
    """Stands for a request that is kept only to be compared with a later one."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._digest = _digest(request)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and _digest(other) == self._digest

    __hash__ = None  # type: ignore[assignment]  # It equals what cannot be hashed.


def spare_memory(dynamodb: Any) -> None:
    """Replace three functions of the engine's DynamoDB.

    It holds each transaction for ten minutes, to recognise a repetition. And it parses an
    expression anew for each row, with functions that refer to each other, which only the garbage
    collector removes: two gigabytes while the items of a large job are read.
    """
    store, tokens = dynamodb._txn_token_store, _remembered(dynamodb._tokenize)

    def store_fingerprint(token: str, entry: dict[str, Any]) -> None:
        store(token, {**entry, "signature": Fingerprint(entry["signature"])})

    dynamodb._txn_token_store = store_fingerprint
    dynamodb._tokenize = lambda expression: list(tokens(expression))
    dynamodb._condition_syntax_error = _remembered(dynamodb._condition_syntax_error)


def _digest(request: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).digest()
