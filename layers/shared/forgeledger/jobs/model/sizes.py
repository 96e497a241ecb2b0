"""About how many bytes items and events take."""

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.items import Failure, Item

# What the other fields take in a response, rounded up.
_ITEM_BYTES = 600
_EVENT_BYTES = 400


def item_bytes(item: Item) -> int:
    return _ITEM_BYTES + texts_bytes(item.payload, item.result, item.failure)


def event_bytes(event: Event) -> int:
    texts = texts_bytes(event.payload, event.result, event.failure)
    return _EVENT_BYTES + texts + names_bytes(event.ignored)


def texts_bytes(payload: str | None, result: str | None, failure: Failure | None) -> int:
    explained = 0 if failure is None else text_bytes(failure.type) + text_bytes(failure.message)
    return text_bytes(payload) + text_bytes(result) + explained


def names_bytes(names: tuple[str, ...]) -> int:
    """Each with its quotes and comma."""
    return sum(text_bytes(name) + 3 for name in names)


def text_bytes(text: str | None) -> int:
    """The bytes of a text in UTF-8. A store must not lengthen it by escaping."""
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text.encode())
