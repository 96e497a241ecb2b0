"""Near misses: unknown field names that are probably misspelt known ones."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

_UNITS: Final = ("seconds", "days", "percent")
# From so many letters of the shorter name on, two slips are a near miss.
_LONG_NAME: Final = 6
# Senders choose the names: of one object only so many are compared.
_MOST_COMPARED: Final = 32
# No longer name is near to a field of a command.
_LONGEST_CACHED: Final = 32


def misspelt_in(
    fields: Mapping[str, Any], known: Collection[str], meant: Collection[str] | None = None
) -> dict[str, str]:
    """The near misses in an object, each with the absent known field that was probably meant.

    If `meant` is given, only near misses of these fields.
    """
    among = known if meant is None else meant
    unknown = islice((name for name in fields if name not in known), _MOST_COMPARED)
    meant_by = ((name, right_name(name, fields, among)) for name in unknown)
    return {name: right for name, right in meant_by if right is not None}


def misses_of(field: str, fields: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """The near misses of one field that is absent in an object; fast where names come again."""
    unknown = islice((name for name in fields if name not in known), _MOST_COMPARED)
    return [name for name in unknown if len(name) <= _LONGEST_CACHED and _is_near(name, field)]


@lru_cache(maxsize=512)
def _is_near(name: str, field: str) -> bool:
    return near_miss(name, (field,)) is not None


def right_name(unknown: str, fields: Mapping[str, Any], known: Collection[str]) -> str | None:
    """The absent known field, in camelCase, that an unknown field of an object is near to."""
    present = {_letters(name) for name in known if name in fields}
    absent = (name for name in sorted(known) if "_" not in name)
    return near_miss(unknown, [name for name in absent if _letters(name) not in present])


def near_miss(name: str, absent: Iterable[str]) -> str | None:
    """The nearest of these fields if it differs by case, `_`, `-`, a few slips or a lacking unit.

    A slip is a letter added, missing, changed, or swapped with its neighbour.
    """
    letters = _letters(name)
    others = [(field, _letters(field)) for field in absent]
    for slips in range(3):
        for field, other in others:
            shorter = min(len(letters), len(other))
            allowed = 2 if shorter >= _LONG_NAME else 1
            if slips <= allowed and _within(slips, letters, other):
                return field
            if slips and any(letters + unit == other for unit in _UNITS):
                return field
    return None


def _letters(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _within(slips: int, text: str, other: str) -> bool:
    """Whether so many slips turn one text into the other."""
    if abs(len(text) - len(other)) > slips:
        return False
    same = 0
    for letter, beside in zip(text, other, strict=False):
        if letter != beside:
            break
        same += 1
    text, other = text[same:], other[same:]
    if not text or not other:
        return True
    if not slips:
        return False
    return (
        _within(slips - 1, text[1:], other[1:])
        or _within(slips - 1, text[1:], other)
        or _within(slips - 1, text, other[1:])
        # Swapped first, with room for another slip between the two letters.
        or (text[1:2] == other[0] and _within(slips - 1, text[0] + text[2:], other[1:]))
        or (other[1:2] == text[0] and _within(slips - 1, text[1:], other[0] + other[2:]))
    )
