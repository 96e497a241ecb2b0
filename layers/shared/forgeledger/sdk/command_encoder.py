"""Encode a command as the message queue and the HTTP API expect it."""

from datetime import datetime
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import (
    ATTEMPT,
    COMMAND_FIELDS,
    DISPATCH,
    LEASE_SECONDS,
    RESULT,
    RETRY_AFTER_SECONDS,
)
from forgeledger.json_text import iso_of
from forgeledger.sdk.command import Command, CommandType
from forgeledger.sdk.command_checks import checked_whole_number, group_of
from forgeledger.sdk.failure import Failure
from forgeledger.sdk.json_encoder import body_of_command, check_json

# The contract's name of each parameter: `lease_seconds` is `leaseSeconds`.
_NAMES: Final = {field.spellings[-1]: field.name for field in COMMAND_FIELDS}


def named(**values: Any) -> dict[str, Any]:
    """The values that are not None, under the contract's names."""
    return {_NAMES[name]: value for name, value in values.items() if value is not None}


def encode(
    kind: CommandType,
    job_id: str,
    item_id: str,
    *,
    command_id: str,
    at: datetime,
    attempt: int | None = None,
    dispatch: int | None = None,
    worker_id: str | None = None,
    lease_seconds: int | None = None,
    result: Any = None,
    failure: Failure | None = None,
    retry_after_seconds: int | None = None,
) -> Command:
    """Raises InvalidCommandError for a command that the ledger would reject."""
    group = group_of(job_id, item_id)
    if retry_after_seconds is None and failure is not None:
        retry_after_seconds = failure.retry_after_seconds
    numbers = (
        (ATTEMPT, attempt),
        (DISPATCH, dispatch),
        (LEASE_SECONDS, lease_seconds),
        (RETRY_AFTER_SECONDS, retry_after_seconds),
    )
    for field, number in numbers:
        if number is not None:
            checked_whole_number(field, number)
    if result is not None:
        check_json(RESULT.name, result, most_bytes=RESULT.most_bytes)
    fields = named(
        type=kind,
        job_id=job_id,
        item_id=item_id,
        attempt=attempt,
        dispatch=dispatch,
        worker_id=worker_id,
        lease_seconds=lease_seconds,
        at=iso_of(at),
        command_id=command_id,
        result=result,
        error=None if failure is None else failure.fields(),
        retry_after_seconds=retry_after_seconds,
    )
    return Command(
        type=kind,
        job_id=job_id,
        item_id=item_id,
        command_id=command_id,
        group=group,
        body=body_of_command(fields),
    )
