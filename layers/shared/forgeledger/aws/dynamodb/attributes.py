"""Values of DynamoDB's low-level API, and what several kinds of rows share."""

import json
import zlib
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Final, TypeVar

from forgeledger.errors import StorageCorrupt

# A row of the low-level API: attributes by name, each with its type.
Row = dict[str, dict[str, Any]]

DAY_SECONDS: Final = 24 * 3_600

# Each of them means that the ledger cannot have written the row.
_UNDECODABLE: Final = (KeyError, ValueError, TypeError, IndexError, AttributeError, zlib.error)

Kind = TypeVar("Kind", bound=StrEnum)
Decoded = TypeVar("Decoded")


class Members(dict[str, Kind]):
    """The members of an enum by value; ten times as fast as calling the enum."""

    def __init__(self, kind: type[Kind]) -> None:
        super().__init__({member.value: member for member in kind})
        self._kind = kind

    def __missing__(self, value: str) -> Kind:
        # Raises ValueError with the valid values.
        return self._kind(value)


# Built once: json.dumps would build an encoder for each call that asks for other separators.
compact_json = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":")
).encode

_raw_decode = json.JSONDecoder().raw_decode


def parse_json(written: str) -> Any:
    """Parse what compact_json wrote; twice as fast as json.loads, which skips white space."""
    value, end = _raw_decode(written)
    if end != len(written):
        raise ValueError(f"JSON ends at {end} of {len(written)} characters")
    return value


def text(value: str) -> dict[str, Any]:
    return {"S": value}


def number(value: int) -> dict[str, Any]:
    return {"N": str(value)}


def texts(**values: str | None) -> Row:
    """Attributes by name, without those that are None."""
    return {name: {"S": value} for name, value in values.items() if value is not None}


def numbers(**values: int | None) -> Row:
    """Attributes by name, without those that are None."""
    return {name: {"N": str(value)} for name, value in values.items() if value is not None}


def optional_text(row: Row, name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value["S"])


def optional_number(row: Row, name: str) -> int | None:
    value = row.get(name)
    return None if value is None else int(value["N"])


def ttl_of(written_ms: int, days: int) -> int | None:
    """The TTL of a row written at that time, in seconds since 1970; no days: it never expires."""
    return written_ms // 1_000 + days * DAY_SECONDS if days else None


def decoder(decode: Callable[[Row], Decoded]) -> Callable[[Row], Decoded]:
    """Decode a row; raise StorageCorrupt, with its key, if the ledger cannot have written it."""

    @wraps(decode)
    def checked(row: Row, /) -> Decoded:
        try:
            return decode(row)
        except _UNDECODABLE as error:
            name = " ".join(str(row.get(part, {}).get("S", "?")) for part in ("PK", "SK"))
            raise StorageCorrupt(name, f"{type(error).__name__}: {error}") from error

    return checked
