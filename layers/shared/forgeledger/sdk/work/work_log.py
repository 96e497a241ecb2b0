"""What goes wrong with a work message, in the log: one line where that says all."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import WORK_NAMES
from forgeledger.sdk.errors import InvalidCommandError, InvalidWorkError
from forgeledger.sdk.report.item_work import INVALID_RESULT, ItemWork
from forgeledger.unknown_fields import UnknownFields

_log = logging.getLogger("forgeledger.sdk")
# What the error did to the item; otherwise it had ended before, or nothing could be told of it.
_ENDED: Final[Mapping[str | None, str]] = {"fail": "failed", "release": "was released"}


def log_unknown_fields(unknown: UnknownFields, fields: Mapping[str, Any]) -> None:
    if new := unknown.not_seen_before(fields.keys() - WORK_NAMES):
        _log.warning("unknown fields ignored in work messages: %s", new)


def log_wrong_message(message_id: str, error: InvalidWorkError) -> None:
    """Without a trace: the mistake is the sender's, and it comes with every delivery."""
    # It quotes the message, of which there may be a megabyte.
    _log.error("message %s cannot be worked on: %.500s", message_id, error)


def log_end_by(error: BaseException, item: ItemWork) -> None:
    """Where a handler raised it; of a result that cannot be told only what is wrong with it."""
    told = f"item {item.item_id} of job {item.job_id}"
    if isinstance(error, InvalidCommandError) and _is_of(INVALID_RESULT, item):
        _log.error("%s failed for good: %s", told, error)
    else:
        _log.error("%s %s", told, _ENDED.get(item.ending, "met an error"), exc_info=error)


def _is_of(kind: str, item: ItemWork) -> bool:
    return item.failure is not None and item.failure.type == kind
