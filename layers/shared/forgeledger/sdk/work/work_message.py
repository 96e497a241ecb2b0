"""The body of a message on a work queue: which item it stands for, and what to do with it."""

import json
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.sdk.command import checked_attempt, group_of
from forgeledger.sdk.errors import InvalidCommandError, InvalidWorkError
from forgeledger.sdk.work.work_log import log_unknown_fields
from forgeledger.unknown_fields import UnknownFields

DEFAULT_KIND: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkMessage:
    """`attempt` counts the deliveries of this message, from what the message itself begins with."""

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
    job_id, item_id = _name(fields, "jobId", "job_id"), _name(fields, "itemId", "item_id")
    kind, first_attempt = fields.get("kind", DEFAULT_KIND), fields.get("attempt", 1)
    try:
        group_of(job_id, item_id)
        checked_attempt(first_attempt)
    except InvalidCommandError as error:
        raise InvalidWorkError(str(error)) from error
    if not isinstance(kind, str):
        raise InvalidWorkError(f"kind: is a text, not {kind!r}")
    return WorkMessage(
        job_id=job_id,
        item_id=item_id,
        attempt=first_attempt - 1 + max(receive_count, 1),
        kind=kind,
        payload=fields.get("payload"),
    )


def _name(fields: dict[str, Any], *spellings: str) -> Any:
    found = next((spelling for spelling in spellings if spelling in fields), None)
    if found is None:
        raise InvalidWorkError(f"{spellings[0]}: is missing")
    return fields[found]
