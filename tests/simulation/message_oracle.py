"""A second decoder of queue messages, written from the contract alone.

It shares no code with the product's decoder, so that a defect of one shows as a difference; only
the records of commands are the product's.
"""

import json
import re
import zlib
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.items import Failure

# Of one message, and of what one delivery applies.
COMMANDS_PER_ITEM: Final = 32
_KINDS: Final = {str(kind): kind for kind in CommandKind}
# A job id ends with the number of lanes.
_JOB_ID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}-([1-9][0-9]?)")


@dataclass(frozen=True, slots=True)
class SentCommand:
    """One command of a message, with its lane and the mark that its events will have."""

    job_id: str
    pk: str
    mark: str
    command: Command
    # Its index in the message.
    index: int


@dataclass(frozen=True, slots=True)
class MessageContent:
    """The decoded content of a message."""

    commands: tuple[SentCommand, ...] = ()
    # All commands as they were sent; empty if the message holds no commands.
    raw: tuple[Any, ...] = ()
    # Indexes of invalid commands.
    invalid: frozenset[int] = frozenset()


def mark_of(command: Command) -> str:
    """Eight letters, a hash of the command's kind and id."""
    name = f"{command.kind}:{command.command_id}"
    return urlsafe_b64encode(blake2b(name.encode(), digest_size=6).digest()).decode()


@lru_cache(maxsize=1024)
def read_message(body: str, message_id: str) -> MessageContent:
    try:
        decoded = _read_json(body)
    except ValueError:
        return MessageContent()
    if not isinstance(decoded, dict):
        return MessageContent()
    raw = decoded.get("commands", [decoded])
    if not isinstance(raw, list) or not 1 <= len(raw) <= 500:
        return MessageContent()
    sent, invalid = [], []
    of_item: Counter[tuple[str, str]] = Counter()
    for index, raw_command in enumerate(raw):
        fields = _in_camel_case(raw_command) if isinstance(raw_command, dict) else {}
        if _is_valid(fields) and _is_one_more(of_item, fields):
            sent.append(_sent(fields, index, f"{message_id}:{index}"))
        else:
            invalid.append(index)
    return MessageContent(tuple(sent), tuple(raw), frozenset(invalid))


def _is_one_more(of_item: Counter[tuple[str, str]], fields: Mapping[str, Any]) -> bool:
    """Whether the message may have one more command of this item; heartbeats do not count."""
    item = (fields["jobId"], fields["itemId"])
    of_item[item] += fields["type"] != "heartbeat"
    return of_item[item] <= COMMANDS_PER_ITEM


def _sent(fields: Mapping[str, Any], index: int, default_id: str) -> SentCommand:
    job_id, item_id, error = fields["jobId"], fields["itemId"], fields.get("error")
    failure = None
    if error is not None:
        failure = Failure(
            type=error["type"],
            message=error.get("message", ""),
            retryable=error.get("retryable", True),
        )
    command = Command(
        kind=_KINDS[fields["type"]],
        item_id=item_id,
        command_id=fields.get("commandId") or default_id,
        attempt=fields.get("attempt"),
        worker_id=fields.get("workerId"),
        lease_seconds=fields.get("leaseSeconds"),
        payload=_as_text(fields.get("payload")),
        result=_as_text(fields.get("result")),
        failure=failure,
        dispatch=fields.get("dispatch"),
        retry_after_seconds=fields.get("retryAfterSeconds"),
        item_kind=fields.get("kind"),
        group=fields.get("group"),
        not_before=_milliseconds(fields.get("notBefore")),
        ignored=_ignored(fields),
    )
    named = _JOB_ID.fullmatch(job_id)
    # An id of the wrong form names no existing lane, whatever the number.
    lane = zlib.crc32(item_id.encode()) % int(named[1]) if named else 0
    return SentCommand(job_id, f"JOB#{job_id}#{lane}", mark_of(command), command, index)


def _ignored(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """At most 20 names of 64 characters."""
    names = {name for name in fields if name not in _FIELDS and name not in _CAMEL_NAMES}
    if isinstance(fields.get("error"), dict):
        names |= {f"error.{name}" for name in fields["error"] if name not in _ERROR_FIELDS}
    return tuple(sorted({name[:64] for name in names})[:20])


def _in_camel_case(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if _CAMEL_NAMES.keys().isdisjoint(fields):
        return fields
    renamed = {_CAMEL_NAMES[name]: value for name, value in fields.items() if name in _CAMEL_NAMES}
    return {**renamed, **fields}


def _is_valid(fields: Mapping[str, Any]) -> bool:
    for name, value in fields.items():
        if value is not None and name in _FIELDS and not _FIELDS[name](value):
            return False
    return all(fields.get(name) is not None for name in ("type", "jobId", "itemId"))


def _text_of(most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and 1 <= len(value) <= most


def _number_to(most: int, least: int = 1) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


_is_name: Final = _text_of(256)


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_group(value: Any) -> bool:
    """1 to 128 letters, digits and punctuation."""
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]{1,128}", value) is not None


def _milliseconds(value: str | None) -> int | None:
    if value is None:
        return None
    time = datetime.fromisoformat(value)
    since = time.replace(tzinfo=time.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)


def _is_due_time(value: Any) -> bool:
    """One that 13 digits of milliseconds hold."""
    return _is_time(value) and 0 <= (_milliseconds(value) or 0) < 10**13


def _is_error(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is_name(value.get("type"))
        and isinstance(value.get("message", ""), str)
        and len(value.get("message", "").encode()) <= 4_096
        and isinstance(value.get("retryable", True), bool)
        and not any(miss in value and right not in value for miss, right in _NEAR_MISSES.items())
    )


def _is_item(value: Any) -> bool:
    return _is_name(value) and len(value.encode()) <= 1_019


def _is_small(value: Any) -> bool:
    return len(_write_json(value).encode()) <= 32 * 1024


def _as_text(value: Any) -> str | None:
    return None if value is None else _write_json(value)


def _refuse_constant(text: str) -> None:
    raise ValueError(text)


_read_json = json.JSONDecoder(parse_constant=_refuse_constant).decode
_write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_FIELDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "type": lambda value: isinstance(value, str) and value in _KINDS,
    "jobId": _text_of(64),
    "itemId": _is_item,
    "attempt": _number_to(1_000_000_000),
    "workerId": _is_name,
    "commandId": _is_name,
    "at": _is_time,
    "leaseSeconds": _number_to(604_800),
    "dispatch": _number_to(1_000_000_000),
    "retryAfterSeconds": _number_to(86_400, 0),
    "kind": _text_of(128),
    "group": _is_group,
    "notBefore": _is_due_time,
    "payload": _is_small,
    "result": _is_small,
    "error": _is_error,
}
_ERROR_FIELDS: Final = ("type", "message", "retryable")
# Those that are sent here.
_NEAR_MISSES: Final = {"retriable": "retryable", "MESSAGE": "message", "typ": "type"}
_CAMEL_NAMES: Final = {
    "job_id": "jobId",
    "item_id": "itemId",
    "worker_id": "workerId",
    "command_id": "commandId",
    "lease_seconds": "leaseSeconds",
    "retry_after_seconds": "retryAfterSeconds",
    "not_before": "notBefore",
}
