"""Decode the body of a work message: which items it stands for, and their payloads."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import (
    ATTEMPT,
    ITEM_ID,
    ITEMS,
    JOB_ID,
    LEASE_SECONDS,
    PAYLOAD,
    REDELIVERY,
    RUN_SECONDS,
    WORK_ITEM_NAMES,
    WORK_NAMES,
    Field,
)
from forgeledger.sdk.command_checks import checked_whole_number, group_of, shown
from forgeledger.sdk.errors import InvalidCommandError, InvalidWorkError
from forgeledger.unknown_fields import UnknownFields

_log = logging.getLogger("forgeledger.sdk")

DEFAULT_KIND: Final = "default"
_BY_LEDGER: Final = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkMessage:
    """The work on one item, of a message that may give several.

    `attempt` is the body's own (1 unless given), plus the earlier deliveries of the message.
    """

    job_id: str
    item_id: str
    attempt: int
    kind: str = DEFAULT_KIND
    payload: Any = None
    # How often the message was delivered, this time included.
    deliveries: int = 1
    # Of a message that the ledger sent: which dispatch of the item it is for. It is over with any
    # end of the item, since the ledger sends the next one itself.
    dispatch: int | None = None
    # Of the claim, if its sender knows it: heartbeats keep to it.
    lease_seconds: int | None = None
    # Of a message that the ledger sent: of the job's policy.
    run_seconds: int | None = None

    def __str__(self) -> str:
        return f"item {self.item_id} of job {self.job_id}"


def read_work(body: str, receive_count: int, unknown: UnknownFields) -> tuple[WorkMessage, ...]:
    """From `{"jobId", "itemId", "kind"?, "payload"?, "attempt"?, "leaseSeconds"?}`.

    Either spelling will do. One with several `items` has the second to fifth in each of them.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidWorkError(f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidWorkError("the body is not a JSON object")
    _log_unknown(unknown, fields.keys() - WORK_NAMES)
    if ITEMS.name not in fields or _given(fields, ITEM_ID) is not None:
        return (_work(fields, fields, receive_count, ""),)
    items = fields[ITEMS.name]
    if not isinstance(items, list) or not items:
        raise InvalidWorkError(f"{ITEMS.name}: must be a list of items, not {shown(items)}")
    works = []
    for number, item in enumerate(items):
        name = f"{ITEMS.name}[{number}]"
        if not isinstance(item, dict):
            raise InvalidWorkError(f"{name}: must be a JSON object, not {shown(item)}")
        _log_unknown(unknown, item.keys() - WORK_ITEM_NAMES)
        works.append(_work(fields, item, receive_count, f"{name}."))
    return tuple(works)


def _work(
    fields: Mapping[str, Any], item: Mapping[str, Any], receive_count: int, prefix: str
) -> WorkMessage:
    job_id, item_id = _given(fields, JOB_ID), _given(item, ITEM_ID)
    if job_id is None:
        raise InvalidWorkError(f"{JOB_ID.name}: is missing")
    if item_id is None:
        raise InvalidWorkError(f"{prefix}{ITEM_ID.name}: is missing")
    kind, first_attempt = item.get("kind", DEFAULT_KIND), item.get(ATTEMPT.name, 1)
    by_ledger = fields.get(REDELIVERY.name) == _BY_LEDGER
    try:
        group_of(job_id, item_id)
        checked_whole_number(ATTEMPT, first_attempt)
        lease_seconds = _number(fields, LEASE_SECONDS)
        run_seconds = _number(fields, RUN_SECONDS) if by_ledger else None
    except InvalidCommandError as error:
        raise InvalidWorkError(f"{prefix}{error}") from error
    if not isinstance(kind, str):
        raise InvalidWorkError(f"{prefix}kind: must be text, not {shown(kind)}")
    deliveries = max(receive_count, 1)
    return WorkMessage(
        job_id=job_id,
        item_id=item_id,
        attempt=first_attempt - 1 + deliveries,
        kind=kind,
        payload=item.get(PAYLOAD.name),
        deliveries=deliveries,
        dispatch=first_attempt if by_ledger else None,
        lease_seconds=lease_seconds,
        run_seconds=run_seconds,
    )


def _log_unknown(unknown: UnknownFields, names: Iterable[str]) -> None:
    if new := unknown.not_seen_before(names):
        _log.warning("unknown fields ignored in work messages: %s", new)


def _number(fields: Mapping[str, Any], field: Field) -> int | None:
    value = _given(fields, field)
    return None if value is None else checked_whole_number(field, value)


def _given(fields: Mapping[str, Any], field: Field) -> Any:
    return next((fields[name] for name in field.spellings if name in fields), None)
