"""Ids of jobs and items, and the lane of an item."""

import re
import zlib
from functools import lru_cache
from typing import Final

from forgeledger.jobs.model.limits import LANES_PER_JOB

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_JOB_ID: Final = re.compile(rf"[0-7][{_CROCKFORD}]{{25}}-([1-9][0-9]?)", re.ASCII)
# Up to so many items, so many lanes; then for more, and for a number that is not known.
_LANES: Final = ((1_000, 1), (10_000, 4), (100_000, 8))
_MOST_LANES: Final = 16
_UNKNOWN_LANES: Final = 4
# For the API's description and the command line's help.
LANES_RULE: Final = (
    f"{', '.join(f'{lanes} up to {bound:,}' for bound, lanes in _LANES)} items, "
    f"{_MOST_LANES} above, {_UNKNOWN_LANES} if their number is not known"
)
_ULID_TIME_BITS: Final = 48
_ULID_RANDOM_BITS: Final = 80


def make_job_id(now_ms: int, randomness: int, lanes: int) -> str:
    """A ULID, so that ids sort by age, and the number of lanes, which spares a look-up."""
    if not 1 <= lanes <= LANES_PER_JOB:
        raise ValueError(f"lanes must be 1 to {LANES_PER_JOB}, not {lanes}")
    number = (now_ms % (1 << _ULID_TIME_BITS)) << _ULID_RANDOM_BITS
    number |= randomness % (1 << _ULID_RANDOM_BITS)
    letters = [_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{''.join(letters)}-{lanes}"


@lru_cache(maxsize=1024)
def lanes_of(job_id: str) -> int | None:
    """How many lanes a job has; None if no job can have this id."""
    match = _JOB_ID.fullmatch(job_id)
    if match is None:
        return None
    lanes = int(match.group(1))
    return lanes if lanes <= LANES_PER_JOB else None


def time_of(job_id: str) -> int:
    """When the id was made, in milliseconds since 1970."""
    now_ms = 0
    for letter in job_id[:10]:
        now_ms = now_ms << 5 | _CROCKFORD.index(letter)
    return now_ms


def last_digit(job_id: str) -> int:
    """The value of the ULID's last letter, 0 to 31: random, and so what spreads jobs evenly."""
    ulid, _, _ = job_id.partition("-")
    return _CROCKFORD.index(ulid[-1])


def lane_of(item_id: str, lanes: int) -> int:
    """The lane of an item; it never changes."""
    return zlib.crc32(item_id.encode()) % lanes


def group_of(job_id: str, lane: int) -> str:
    """The message group with which a lane has exactly one writer."""
    return f"{job_id}#{lane}"


def lanes_for(known_items: int | None) -> int:
    """How many lanes a job gets by default."""
    if known_items is None:
        return _UNKNOWN_LANES
    for bound, lanes in _LANES:
        if known_items <= bound:
            return lanes
    return _MOST_LANES
