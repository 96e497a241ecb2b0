"""What goes wrong with a work message, in the log: one line where that says all."""

import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

from forgeledger.jobs.messages.command_fields import WORK
from forgeledger.sdk.errors import InvalidCommandError, InvalidWorkError
from forgeledger.sdk.report.item_work import INVALID_RESULT, ItemWork
from forgeledger.unknown_names import first_told

_log = logging.getLogger("forgeledger.sdk")
# What the error did to the item; otherwise it had ended before, or nothing could be told of it.
_ENDED: Final[Mapping[str | None, str]] = {"fail": "failed", "release": "was released"}


class UnknownWorkFields:
    """Those that a process meets: taken, as a newer sender's are, and warned of, each name once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: frozenset[str] = frozenset()

    def warn_of(self, fields: Mapping[str, Any]) -> None:
        if fields.keys() <= WORK:
            return
        with self._lock:
            fresh, self._told = first_told(self._told, fields.keys() - WORK)
        if fresh:
            _log.warning("unknown fields ignored in work messages: %s", fresh)


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
