"""A time as callers give it, as the ledger takes it."""

from datetime import datetime

from forgeledger.sdk.errors import InvalidCommandError


def time_text(field: str, given: datetime | str | None) -> str | None:
    """Refuses a datetime without a zone, which could mean that of any machine."""
    if not isinstance(given, datetime):
        return given
    if given.tzinfo is None:
        raise InvalidCommandError(field, "must have a time zone, as datetime.now(UTC) has")
    return given.isoformat()
