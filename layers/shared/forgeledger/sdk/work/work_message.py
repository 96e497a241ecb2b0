"""Decode the body of a work message: which item it stands for, and its payload."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import (
    ATTEMPT,
    ITEM_ID,
    JOB_ID,
    LEASE_SECONDS,
    PAYLOAD,
)
from forgeledger.sdk.command_checks import checked_whole_number, group_of, shown
from forgeledger.sdk.errors import InvalidCommandError, InvalidWorkError
from forgeledger.sdk.work.work_log import log_unknown_fields
from forgeledger.unknown_fields import UnknownFields

DEFAULT_KIND: Final = "default"
_JOB_ID: Final = JOB_ID.spellings
_ITEM_ID: Final = ITEM_ID.spellings
_LEASE_SECONDS: Final = LEASE_SECONDS.spellings


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkMessage:
    """`attempt` is the body's own (1 unless given), plus the earlier deliveries of the message."""

    job_id: str
    item_id: str
    attempt: int
    kind: str = DEFAULT_KIND
    payload: Any = None
    # Of the claim, if its sender knows it: heartbeats keep to it.
    lease_seconds: int | None = None


def read_work(body: str, receive_count: int, unknown: UnknownFields) -> WorkMessage:
    """From `{"jobId", "itemId"}` and the optional fields, in either spelling."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidWorkError(f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidWorkError("the body is not a JSON object")
    log_unknown_fields(unknown, fields)
    job_id, item_id = _required(fields, _JOB_ID), _required(fields, _ITEM_ID)
    kind, first_attempt = fields.get("kind", DEFAULT_KIND), fields.get(ATTEMPT.name, 1)
    lease_seconds = _optional(fields, _LEASE_SECONDS)
    try:
        group_of(job_id, item_id)
        checked_whole_number(ATTEMPT, first_attempt)
        if lease_seconds is not None:
            checked_whole_number(LEASE_SECONDS, lease_seconds)
    except InvalidCommandError as error:
        raise InvalidWorkError(str(error)) from error
    if not isinstance(kind, str):
        raise InvalidWorkError(f"kind: must be text, not {shown(kind)}")
    return WorkMessage(
        job_id=job_id,
        item_id=item_id,
        attempt=first_attempt - 1 + max(receive_count, 1),
        kind=kind,
        payload=fields.get(PAYLOAD.name),
        lease_seconds=lease_seconds,
    )


def _required(fields: Mapping[str, Any], spellings: tuple[str, ...]) -> Any:
    if not any(spelling in fields for spelling in spellings):
        raise InvalidWorkError(f"{spellings[0]}: is missing")
    return _optional(fields, spellings)


def _optional(fields: Mapping[str, Any], spellings: tuple[str, ...]) -> Any:
    return next((fields[spelling] for spelling in spellings if spelling in fields), None)
