"""Check the SDK's own settings when they are given, so that none fails late."""

import math
from typing import Any

from forgeledger.sdk.errors import InvalidSettingError


def check_whole(field: str, value: Any, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        rule = f"must be a whole number from {least:,} to {most:,}, not {value!r}"
        raise InvalidSettingError(field, rule)


def check_seconds(field: str, value: Any, most: int) -> None:
    # Infinity and NaN are in no range.
    if type(value) not in {int, float} or not 0 <= value <= most:
        raise InvalidSettingError(field, f"must be a number from 0 to {most:,}, not {value!r}")


def checked_timeout(field: str, value: Any) -> float:
    """Infinity is allowed, and so is a negative number: the rest of a deadline that has passed."""
    if not isinstance(value, (int, float)) or math.isnan(value):
        raise InvalidSettingError(field, f"must be a number of seconds, not {value!r}")
    return value
