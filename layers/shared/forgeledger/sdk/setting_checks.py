"""What a program tells the SDK itself: refused by its name, before it is used and fails there."""

import math
from typing import Any

from forgeledger.sdk.errors import InvalidSettingError


def check_whole(field: str, value: Any, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        rule = f"is a whole number from {least:,} to {most:,}, not {value!r}"
        raise InvalidSettingError(field, rule)


def check_seconds(field: str, value: Any, most: int) -> None:
    # Infinity and what is not a number at all are in no range.
    if type(value) not in {int, float} or not 0 <= value <= most:
        raise InvalidSettingError(field, f"is a number from 0 to {most:,}, not {value!r}")


def checked_timeout(field: str, value: Any) -> float:
    """For ever may be meant, and what a caller has left may be less than nothing."""
    if not isinstance(value, (int, float)) or math.isnan(value):
        raise InvalidSettingError(field, f"is a number of seconds, not {value!r}")
    return value
