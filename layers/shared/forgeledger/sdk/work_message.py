"""The body of a message on a work queue: which item it stands for, and what to do with it."""

import json
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.sdk.errors import InvalidWorkError

DEFAULT_KIND: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkMessage:
    """`attempt` counts the deliveries of this message, from what the message itself begins with."""

    job_id: str
    item_id: str
    attempt: int
    kind: str = DEFAULT_KIND
    payload: Any = None


def read_work(body: str, receive_count: int) -> WorkMessage:
    """From `{"jobId", "itemId", "kind"?, "payload"?, "attempt"?}`, in either spelling."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidWorkError(f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidWorkError("the body is not a JSON object")
    kind = fields.get("kind", DEFAULT_KIND)
    first_attempt = fields.get("attempt", 1)
    if not isinstance(kind, str) or not isinstance(first_attempt, int) or first_attempt < 1:
        raise InvalidWorkError("kind is a text and attempt a number from 1")
    return WorkMessage(
        job_id=_name(fields, "jobId", "job_id"),
        item_id=_name(fields, "itemId", "item_id"),
        attempt=first_attempt - 1 + max(receive_count, 1),
        kind=kind,
        payload=fields.get("payload"),
    )


def _name(fields: dict[str, Any], *spellings: str) -> str:
    for spelling in spellings:
        value = fields.get(spelling)
        if isinstance(value, str) and value:
            return value
    raise InvalidWorkError(f"{spellings[0]} is missing")
