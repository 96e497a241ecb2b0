"""Decode the body of a work message: which item it stands for, and its payload."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import ATTEMPT, ITEM_ID, JOB_ID, PAYLOAD
from forgeledger.sdk.command_checks import checked_whole_number, group_of, shown
from forgeledger.sdk.errors import InvalidCommandError, InvalidWorkError
from forgeledger.sdk.work.work_log import log_unknown_fields
from forgeledger.unknown_fields import UnknownFields

DEFAULT_KIND: Final = "default"
_JOB_ID: Final = JOB_ID.spellings
_ITEM_ID: Final = ITEM_ID.spellings


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkMessage:
    """`attempt` is the body's own (1 unless given), plus the earlier deliveries of the message."""

    job_id: str
    item_id: str
    attempt: int
    kind: str = DEFAULT_KIND
    payload: Any = None


def read_work(body: str, receive_count: int, unknown: UnknownFields) -> WorkMessage:
    """From `{"jobId", "itemId", "kind"?, "payload"?, "attempt"?}`, in either spelling."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidWorkError(f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidWorkError("the body is not a JSON object")
    log_unknown_fields(unknown, fields)
    job_id, item_id = _required(fields, _JOB_ID), _required(fields, _ITEM_ID)
    kind, first_attempt = fields.get("kind", DEFAULT_KIND), fields.get(ATTEMPT.name, 1)
    try:
        group_of(job_id, item_id)
        checked_whole_number(ATTEMPT, first_attempt)
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
    )


def _required(fields: Mapping[str, Any], spellings: tuple[str, ...]) -> Any:
    for spelling in spellings:
        if spelling in fields:
            return fields[spelling]
    raise InvalidWorkError(f"{spellings[0]}: is missing")
