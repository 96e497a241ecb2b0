"""Why an item failed, from an exception, a text or a Failure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from forgeledger.jobs.messages.command_fields import (
    ERROR,
    ERROR_FIELDS,
    RETRY_AFTER_SECONDS,
    Field,
    Kind,
)
from forgeledger.sdk.command_checks import shown
from forgeledger.sdk.errors import InvalidCommandError

_UNTYPED: Final = "Error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an item failed; a retryable failure may be tried again.

    retry_after_seconds: how long the item waits then, in place of the policy's backoff.
    """

    type: str
    message: str = ""
    retryable: bool = True
    retry_after_seconds: int | None = None

    @classmethod
    def of(cls, error: object) -> Self:
        """A text is the message of a retryable failure of type `Error`.

        An exception is retryable unless it has an attribute `retryable` that is False. It may have
        an attribute `retry_after_seconds`, too.
        """
        if isinstance(error, cls):
            return error
        if isinstance(error, str):
            return cls(type=_UNTYPED, message=error)
        if not isinstance(error, BaseException):
            rule = f"must be an exception, a Failure or text, not {shown(error)}"
            raise InvalidCommandError(ERROR.name, rule)
        retryable = getattr(error, "retryable", True)
        return cls(
            type=type(error).__name__,
            message=_text_of(error),
            retryable=retryable if isinstance(retryable, bool) else True,
            retry_after_seconds=_wait_of(error),
        )

    def fields(self) -> Mapping[str, Any]:
        """A wrong type is refused. Too long a text is cut, since a failure must be recorded."""
        return {field.name: _value(field, getattr(self, field.name)) for field in ERROR_FIELDS}


# What `fail` accepts as the reason.
FailedBy = BaseException | Failure | str


def _value(field: Field, value: object) -> object:
    if field.kind is Kind.FLAG:
        if not isinstance(value, bool):
            raise InvalidCommandError(f"{ERROR.name}.{field.name}", "must be true or false")
        return value
    if not isinstance(value, str):
        raise InvalidCommandError(f"{ERROR.name}.{field.name}", "must be text")
    encoded = value.encode(errors="replace")[: field.most_bytes or None]
    text = encoded.decode(errors="ignore")[: field.most or None]
    return text or (_UNTYPED if field.least else "")


def _wait_of(error: BaseException) -> int | None:
    """In whole seconds, at most what the ledger takes: the failure must be recorded."""
    seconds = getattr(error, RETRY_AFTER_SECONDS.spellings[-1], None)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        return None
    return math.ceil(min(seconds, RETRY_AFTER_SECONDS.most))


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is a user's own method, and may raise anything.
        return "<exception str() failed>"
