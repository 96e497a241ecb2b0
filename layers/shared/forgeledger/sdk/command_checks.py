"""Checks of values and names against the table of fields, before anything is sent."""

from collections.abc import Iterable, Mapping
from typing import Any

from forgeledger.jobs.messages.command_fields import (
    COMMAND_NAMES,
    ERROR,
    ERROR_NAMES,
    ITEM_ID,
    JOB_ID,
    Field,
)
from forgeledger.jobs.model import ids
from forgeledger.sdk.errors import InvalidCommandError


def checked_text(field: Field, value: object) -> str:
    if not isinstance(value, str):
        rule = f"must be text of {field.least} to {field.most} characters, not {shown(value)}"
        raise InvalidCommandError(field.name, rule)
    if not field.least <= len(value) <= field.most:
        rule = f"must have {field.least} to {field.most} characters, not {len(value)}"
        raise InvalidCommandError(field.name, rule)
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidCommandError(field.name, "is not valid Unicode") from None
    if field.most_bytes and size > field.most_bytes:
        raise InvalidCommandError(field.name, f"must have at most {field.most_bytes} bytes")
    return value


def checked_whole_number(field: Field, value: object) -> int:
    # A bool is an int to isinstance().
    if type(value) is not int or not field.least <= value <= field.most:
        rule = f"must be a whole number from {field.least} to {field.most}, not {shown(value)}"
        raise InvalidCommandError(field.name, rule)
    return value


def group_of(job_id: object, item_id: object) -> str:
    """The message group of an item's lane."""
    if not isinstance(job_id, str) or (lanes := ids.lanes_of(job_id)) is None:
        raise InvalidCommandError(JOB_ID.name, f"{job_id!r} is not the id of a job")
    return ids.group_of(job_id, ids.lane_of(checked_text(ITEM_ID, item_id), lanes))


def check_names(names: Iterable[object], known: frozenset[str], whose: str) -> None:
    """Refuses an unknown name: the ledger would ignore the field, a misspelt one as well."""
    unknown = next((str(name) for name in names if name not in known), None)
    if unknown is not None:
        from difflib import get_close_matches

        # Suggest the sender's own spelling, snake_case or camelCase.
        candidates = sorted(name for name in known if "_" in unknown or "_" not in name)
        close = get_close_matches(unknown, candidates, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise InvalidCommandError(unknown, f"is not a field of {whose}{hint}")


def check_command_names(
    fields: Mapping[str, Any],
    known: frozenset[str] = COMMAND_NAMES,
    known_of_error: frozenset[str] = ERROR_NAMES,
) -> None:
    check_names(fields, known, "a command")
    error = fields.get(ERROR.name)
    if isinstance(error, dict):
        check_names(error, known_of_error, "an error")


def shown(value: object) -> str:
    """A wrong value for an error message, cut to 100 characters."""
    try:
        return f"{value!r:.100}"
    except Exception:  # noqa: BLE001 - a user's own __repr__ may raise anything.
        return f"an object of {type(value).__name__}"
