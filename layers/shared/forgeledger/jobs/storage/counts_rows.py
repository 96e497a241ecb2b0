"""Counts by state, as JSON in the rows that hold them."""

from collections.abc import Mapping
from functools import lru_cache

from forgeledger.aws.dynamodb.attributes import parse_json
from forgeledger.jobs.model.lanes import Counts


def counts_text(counts: Counts) -> str:
    """As compact_json writes what encode_counts gives, without looking at each value."""
    return (
        f'{{"pending":{counts.pending},"inProgress":{counts.in_progress},'
        f'"completed":{counts.completed},"failed":{counts.failed},'
        f'"canceled":{counts.canceled},"failings":{counts.failings}}}'
    )


def encode_counts(counts: Counts) -> dict[str, int]:
    return {
        "pending": counts.pending,
        "inProgress": counts.in_progress,
        "completed": counts.completed,
        "failed": counts.failed,
        "canceled": counts.canceled,
        "failings": counts.failings,
    }


@lru_cache(maxsize=256)
def parse_counts(written: str) -> Counts:
    """The same text stands in a header from one verdict to the next."""
    return decode_counts(parse_json(written))


def decode_counts(counts: Mapping[str, int]) -> Counts:
    return Counts(
        pending=counts["pending"],
        in_progress=counts["inProgress"],
        completed=counts["completed"],
        failed=counts["failed"],
        canceled=counts["canceled"],
        failings=counts["failings"],
    )
