"""About how many bytes things take in an answer, so that a page fits into one."""

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.items import Failure, Item

# What the fields beside the texts take, generously.
_ITEM_BYTES = 600
_EVENT_BYTES = 400


def item_bytes(item: Item) -> int:
    return _ITEM_BYTES + _texts(item.payload, item.result, item.failure)


def event_bytes(event: Event) -> int:
    return _EVENT_BYTES + _texts(event.payload, event.result, event.failure)


def _texts(payload: str | None, result: str | None, failure: Failure | None) -> int:
    message = None if failure is None else failure.message
    return sum(_length(text) for text in (payload, result, message) if text is not None)


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
