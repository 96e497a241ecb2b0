"""Counts by state in rows: as attributes of a head, as JSON elsewhere."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import Row, parse_json
from forgeledger.jobs.model.lanes import Counts

# Each name in a row, and its field.
_NAMES: Final = (
    ("pending", "pending"),
    ("inProgress", "in_progress"),
    ("completed", "completed"),
    ("failed", "failed"),
    ("canceled", "canceled"),
    ("failings", "failings"),
)


def encode_counts(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, field) for name, field in _NAMES}


def decode_counts(counts: Mapping[str, int]) -> Counts:
    return Counts(**{field: counts[name] for name, field in _NAMES})


@lru_cache(maxsize=256)
def parse_counts(written: str) -> Counts:
    """Cached: a header has the same text from one verdict to the next."""
    return decode_counts(parse_json(written))


def counts_attributes(counts: Counts, prefix: str = "") -> dict[str, dict[str, Any]]:
    """As attributes of a head, or with the prefix `:` as values of an expression."""
    return {prefix + name: {"N": str(getattr(counts, field))} for name, field in _NAMES}


def decode_attributes(row: Row) -> Counts:
    return Counts(**{field: int(row[name]["N"]) for name, field in _NAMES})
