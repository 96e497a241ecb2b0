"""A command as it travels: checked against the contract's limits and encoded once."""

import itertools
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from forgeledger.jobs.messages.command_fields import COMMAND_NAMES, ERROR_NAMES
from forgeledger.jobs.model import ids, limits
from forgeledger.json_text import iso_of
from forgeledger.sdk.errors import InvalidCommandError
from forgeledger.sdk.json_encoder import ascii_json, plain_json

CommandType = Literal["claim", "heartbeat", "complete", "fail", "release"]

# Deeper JSON is refused by some parsers, and with it the whole message that carries it.
MOST_NESTING: Final = 100
# SQS refuses U+FFFE and U+FFFF in a body, so text that holds one, here in UTF-8, is escaped.
_REFUSED_BY_SQS: Final = re.compile(rb"\xef\xbf[\xbe\xbf]")
_UNTYPED: Final = "Error"
# Each with its type, and the words in which intake and API refuse another one.
_FIELDS_OF_FAILURE: Final = (
    ("type", str, "must be text"),
    ("message", str, "must be text"),
    ("retryable", bool, "must be true or false"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command; `body` is its JSON, `group` the lane that keeps it in order."""

    type: CommandType
    job_id: str
    item_id: str
    command_id: str
    group: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an item failed; a retryable failure may be tried again."""

    type: str
    message: str = ""
    retryable: bool = True

    @classmethod
    def of(cls, error: object) -> "Failure":
        """Any exception may be tried again unless it has an attribute `retryable` that is False.

        A text is the message of an error that nobody gave a type.
        """
        if isinstance(error, Failure):
            return error
        if isinstance(error, str):
            return cls(type=_UNTYPED, message=error)
        if not isinstance(error, BaseException):
            rule = f"is an exception, a Failure or a text, not {shown(error)}"
            raise InvalidCommandError("error", rule)
        retryable = getattr(error, "retryable", True)
        return cls(
            type=type(error).__name__,
            message=_text_of(error),
            retryable=retryable if isinstance(retryable, bool) else True,
        )

    def fields(self) -> Mapping[str, Any]:
        """What is too long is cut, for a failure must be recorded; what is no text is refused."""
        for name, wanted, rule in _FIELDS_OF_FAILURE:
            if not isinstance(getattr(self, name), wanted):
                raise InvalidCommandError(f"error.{name}", rule)
        kind = self.type.encode(errors="replace").decode()[: limits.ERROR_TYPE_CHARACTERS]
        message = self.message.encode(errors="replace")[: limits.ERROR_MESSAGE_BYTES]
        return {
            "type": kind or _UNTYPED,
            "message": message.decode(errors="ignore"),
            "retryable": self.retryable,
        }


# What an item can be said to have failed by.
FailedBy = BaseException | Failure | str


def _text_of(error: BaseException) -> str:
    """An exception that has no text failed its item as much as any other."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is a user's own method, and may raise anything.
        return "<exception str() failed>"


def shown(value: object) -> str:
    try:
        return f"{value!r:.100}"
    except Exception:  # noqa: BLE001 - a user's own __repr__ may raise anything.
        return f"an object of {type(value).__name__}"


class CommandIds:
    """Ids that no other process has: 96 random bits and a counter."""

    def __init__(self) -> None:
        self._prefix = secrets.token_urlsafe(12)
        self._numbers = itertools.count(1)

    def next(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"


def encode(
    kind: CommandType,
    job_id: str,
    item_id: str,
    *,
    command_id: str,
    at: datetime,
    attempt: int | None = None,
    worker_id: str | None = None,
    lease_seconds: int | None = None,
    result: Any = None,
    failure: Failure | None = None,
) -> Command:
    """Raises InvalidCommandError where the ledger could only reject the command."""
    group = group_of(job_id, item_id)
    fields: dict[str, Any] = {"type": kind, "jobId": job_id, "itemId": item_id}
    if attempt is not None:
        fields["attempt"] = checked_attempt(attempt)
    if worker_id is not None:
        fields["workerId"] = worker_id
    if lease_seconds is not None:
        fields["leaseSeconds"] = checked_lease(lease_seconds)
    fields["at"] = iso_of(at)
    fields["commandId"] = command_id
    if result is not None:
        checked_json("result", result, most_bytes=limits.RESULT_BYTES)
        fields["result"] = result
    if failure is not None:
        fields["error"] = failure.fields()
    return Command(
        type=kind,
        job_id=job_id,
        item_id=item_id,
        command_id=command_id,
        group=group,
        body=json_of("command", fields, most_bytes=limits.MESSAGE_BYTES),
    )


def group_of(job_id: object, item_id: object) -> str:
    """The message group of an item's lane."""
    if not isinstance(job_id, str) or (lanes := ids.lanes_of(job_id)) is None:
        raise InvalidCommandError("jobId", f"{job_id!r} is not the id of a job")
    return ids.group_of(job_id, ids.lane_of(checked_item_id(item_id), lanes))


def check_names(fields: Mapping[str, Any], known: frozenset[str], whose: str) -> None:
    """The ledger leaves out a field that it does not know, and a misspelled one with it."""
    unknown = next((str(name) for name in fields if name not in known), None)
    if unknown is not None:
        from difflib import get_close_matches

        # Of the two that are known the sender's spelling is proposed, else the contract's own.
        spelled = sorted(name for name in known if "_" in unknown or "_" not in name)
        alike = get_close_matches(unknown, spelled, n=1)
        meant = f"; did you mean {alike[0]}?" if alike else ""
        raise InvalidCommandError(unknown, f"is no field of {whose}{meant}")


def check_command_names(
    fields: Mapping[str, Any],
    known: frozenset[str] = COMMAND_NAMES,
    known_of_error: frozenset[str] = ERROR_NAMES,
) -> None:
    check_names(fields, known, "a command")
    if isinstance(fields.get("error"), dict):
        check_names(fields["error"], known_of_error, "an error")


def checked_item_id(item_id: object) -> str:
    if not isinstance(item_id, str):
        rule = f"is a text of 1 to {limits.ITEM_ID_CHARACTERS} characters, not {item_id!r}"
        raise InvalidCommandError("itemId", rule)
    if not 1 <= len(item_id) <= limits.ITEM_ID_CHARACTERS:
        rule = f"has 1 to {limits.ITEM_ID_CHARACTERS} characters, not {len(item_id)}"
        raise InvalidCommandError("itemId", rule)
    try:
        if len(item_id.encode()) > limits.ITEM_ID_BYTES:
            raise InvalidCommandError("itemId", f"has at most {limits.ITEM_ID_BYTES} bytes")
    except UnicodeEncodeError:
        raise InvalidCommandError("itemId", "is not valid Unicode") from None
    return item_id


def worker_name(worker_id: object) -> str:
    """A worker's name, checked once for all the commands that carry it."""
    if not isinstance(worker_id, str) or not 1 <= len(worker_id) <= limits.WORKER_ID_CHARACTERS:
        rule = f"is a text of 1 to {limits.WORKER_ID_CHARACTERS} characters"
        raise InvalidCommandError("workerId", rule)
    return worker_id


def checked_json(
    field: str, value: Any, *, most_bytes: int, most_levels: int = MOST_NESTING
) -> None:
    """Raises InvalidCommandError for a value too large or too deep, measured as the ledger does."""
    encoded = plain_json(field, value)
    _check_size(field, encoded, most_bytes)
    if encoded.count(b"[") + encoded.count(b"{") > most_levels < _depth(value):
        raise InvalidCommandError(field, f"is nested deeper than {most_levels} levels")


def json_of(field: str, value: Any, *, most_bytes: int) -> bytes:
    """Compact JSON that SQS and a strict parser accept."""
    encoded = plain_json(field, value)
    if _REFUSED_BY_SQS.search(encoded):
        encoded = ascii_json(value).encode()
    _check_size(field, encoded, most_bytes)
    return encoded


def _check_size(field: str, encoded: bytes, most_bytes: int) -> None:
    if len(encoded) > most_bytes:
        raise InvalidCommandError(field, f"has {len(encoded)} bytes of JSON, at most {most_bytes}")


def _depth(value: Any) -> int:
    """How deep containers stand in each other, without recursion."""
    deepest, level = 0, [value]
    while level := [each for each in level if isinstance(each, (Mapping, list, tuple))]:
        deepest += 1
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
    return deepest


def checked_attempt(attempt: int) -> int:
    return _between(attempt, "attempt", 1, limits.ATTEMPT_NUMBER)


def checked_lease(lease_seconds: int) -> int:
    return _between(lease_seconds, "leaseSeconds", 1, limits.LEASE_SECONDS)


def _between(value: Any, field: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise InvalidCommandError(field, f"is a whole number from {least} to {most}, not {value!r}")
    return value
