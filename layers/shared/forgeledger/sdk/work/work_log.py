"""Log what goes wrong with a work message, in one line if that says everything."""

import logging
from collections.abc import Mapping
from typing import Final

from forgeledger.sdk.errors import InvalidCommandError, InvalidWorkError
from forgeledger.sdk.report.item_work import INVALID_RESULT, ItemWork
from forgeledger.sdk.work.work_message import WorkMessage

_log = logging.getLogger("forgeledger.sdk")
# What the error did to the item. Otherwise the item had ended before, or the buffer was full.
_ENDED: Final[Mapping[str | None, str]] = {"fail": "failed", "release": "was released"}


def log_wrong_message(message_id: str, error: InvalidWorkError) -> None:
    """Without a traceback: the mistake is the sender's, and every delivery repeats it."""
    # Cut, because it quotes the message.
    _log.error("message %s cannot be worked on: %.500s", message_id, error)


def log_no_handler(work: WorkMessage) -> None:
    _log.error("%s is not begun: this worker has no handler for kind %.500r", work, work.kind)


def log_end_by(error: BaseException, item: ItemWork) -> None:
    """With a traceback, unless the mistake is a result that breaks a limit."""
    name = f"item {item.item_id} of job {item.job_id}"
    failure_type = None if item.failure is None else item.failure.type
    if isinstance(error, InvalidCommandError) and failure_type == INVALID_RESULT:
        _log.error("%s failed for good: %s", name, error)
    else:
        _log.error("%s %s", name, _ENDED.get(item.ending, "met an error"), exc_info=error)
