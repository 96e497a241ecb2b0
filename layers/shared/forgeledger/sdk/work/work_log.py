"""Log what goes wrong with a work message, in one line if that says everything."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import WORK_NAMES
from forgeledger.sdk.errors import InvalidCommandError, InvalidWorkError
from forgeledger.sdk.report.item_work import INVALID_RESULT, ItemWork
from forgeledger.unknown_fields import UnknownFields

_log = logging.getLogger("forgeledger.sdk")
# What the error did to the item. Otherwise the item had ended before, or the buffer was full.
_ENDED: Final[Mapping[str | None, str]] = {"fail": "failed", "release": "was released"}


def log_unknown_fields(unknown: UnknownFields, fields: Mapping[str, Any]) -> None:
    if new := unknown.not_seen_before(fields.keys() - WORK_NAMES):
        _log.warning("unknown fields ignored in work messages: %s", new)


def log_wrong_message(message_id: str, error: InvalidWorkError) -> None:
    """Without a traceback: the mistake is the sender's, and every delivery repeats it."""
    # Cut, because it quotes the message.
    _log.error("message %s cannot be worked on: %.500s", message_id, error)


def log_end_by(error: BaseException, item: ItemWork) -> None:
    """With a traceback, unless the mistake is a result that breaks a limit."""
    name = f"item {item.item_id} of job {item.job_id}"
    failure_type = None if item.failure is None else item.failure.type
    if isinstance(error, InvalidCommandError) and failure_type == INVALID_RESULT:
        _log.error("%s failed for good: %s", name, error)
    else:
        _log.error("%s %s", name, _ENDED.get(item.ending, "met an error"), exc_info=error)
