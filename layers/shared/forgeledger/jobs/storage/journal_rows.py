"""The events of one commit as a row: one JSON text, because a row costs what its bytes cost.

    [kind, itemId, mark, previous, {the rest}]

The last two are left out where there is none, and empty places at the end as well.

A free text that JSON would have to escape stands in the row's list `texts` and its number in the
event, so that no text takes more bytes here than it has: the bounds of domain.limits hold for
the row whatever is in it. Times are milliseconds after the row's `at`. What would take more than
a write unit stands compressed in `packed` instead: events are much alike.
"""

from collections.abc import Sequence
from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import (
    UNDECODABLE,
    Members,
    Row,
    corrupt,
    number,
    text,
)
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.ports import JournalRow
from forgeledger.jobs.storage.counts_rows import decode_counts, encode_counts
from forgeledger.journal.model.log_row import LogRow
from forgeledger.journal.storage.keys import log_offset, log_sk
from forgeledger.journal.storage.packing import pack, refer, unpack

_CODES: Final = {
    EventKind.REGISTERED: "r",
    EventKind.CLAIMED: "c",
    EventKind.HEARTBEAT: "h",
    EventKind.COMPLETED: "d",
    EventKind.FAILED: "f",
    EventKind.EXPIRED: "e",
    EventKind.RELEASED: "l",
    EventKind.RETRIED: "a",
    EventKind.DUPLICATE: "=",
    EventKind.REJECTED: "x",
    EventKind.GATED: "g",
    EventKind.RECOUNTED: "n",
}
_KINDS: Final = {code: kind for kind, code in _CODES.items()}
_COMMANDS: Final = Members(CommandKind)
_REASONS: Final = Members(Reason)
_MODES: Final = Members(LaneMode)
# Attributes of an event by their letter in its rest.
_PLAIN: Final = (
    ("a", "attempt"),
    ("c", "command"),
    ("y", "reason"),
    ("g", "gate"),
    ("m", "mode"),
)
_TIMES: Final = (("l", "lease_until"), ("d", "due_at"))
_TEXTS: Final = (("w", "worker_id"), ("p", "payload"), ("o", "result"))


def encode_journal_row(pk: str, commit: Commit, commit_id: str, ttl: int | None) -> Row:
    at = commit.events[0].at
    texts: list[str] = []
    events = [_encode(event, at, texts) for event in commit.events]
    row: Row = {
        "PK": {"S": pk},
        "SK": {"S": log_sk(commit.before.offset)},
        "commitId": text(commit_id),
        "at": number(at),
        **pack(events, texts),
    }
    if ttl is not None:
        row["ttl"] = number(ttl)
    return row


def decode_journal_row(row: Row) -> JournalRow:
    try:
        at = int(row["at"]["N"])
        events, texts = unpack(row)
        return LogRow(
            offset=log_offset(row["SK"]["S"]),
            entries=tuple(_decode(event, at, texts) for event in events),
        )
    except UNDECODABLE as error:
        raise corrupt(row, error) from error


def _encode(event: Event, at: int, texts: list[str]) -> list[Any]:
    places: list[Any] = [
        _CODES[event.kind],
        refer(event.item_id, texts),
        refer(event.mark, texts),
    ]
    if event.previous is not None:
        places.append(event.previous)
    rest = _encode_rest(event, at, texts)
    if rest:
        places.append(rest)
    while places[-1] is None:
        places.pop()
    return places


def _encode_rest(event: Event, at: int, texts: list[str]) -> dict[str, Any]:
    rest: dict[str, Any] = {} if event.at == at else {"t": event.at - at}
    for letter, attribute in _PLAIN:
        value = getattr(event, attribute)
        if value is not None:
            rest[letter] = value
    for letter, attribute in _TIMES:
        value = getattr(event, attribute)
        if value is not None:
            rest[letter] = value - at
    for letter, attribute in _TEXTS:
        value = getattr(event, attribute)
        if value is not None:
            rest[letter] = refer(value, texts)
    if event.failure is not None:
        rest["e"] = [
            refer(event.failure.type, texts),
            refer(event.failure.message, texts),
            event.failure.retryable,
        ]
    if event.counts is not None:
        rest["n"] = encode_counts(event.counts)
    if event.failures is not None:
        rest["f"] = dict(event.failures)
    return rest


def _decode(places: Sequence[Any], at: int, texts: Sequence[str]) -> Event:
    def placed(value: Any) -> str | None:
        return texts[value] if isinstance(value, int) else value

    kind, item_id, mark = [*places, None, None][:3]
    previous: int | None = None
    rest: dict[str, Any] = {}
    for place in places[3:]:
        if isinstance(place, dict):
            rest = place
        else:
            previous = place
    failure = None
    if "e" in rest:
        error_type, message, retryable = rest["e"]
        failure = Failure(
            type=placed(error_type) or "", message=placed(message) or "", retryable=retryable
        )
    return Event(
        kind=_KINDS[kind],
        at=at + rest.get("t", 0),
        item_id=placed(item_id),
        previous=previous,
        mark=placed(mark),
        attempt=rest.get("a"),
        worker_id=placed(rest.get("w")),
        lease_until=at + rest["l"] if "l" in rest else None,
        due_at=at + rest["d"] if "d" in rest else None,
        payload=placed(rest.get("p")),
        result=placed(rest.get("o")),
        failure=failure,
        command=_COMMANDS[rest["c"]] if "c" in rest else None,
        reason=_REASONS[rest["y"]] if "y" in rest else None,
        gate=rest.get("g"),
        mode=_MODES[rest["m"]] if "m" in rest else None,
        counts=decode_counts(rest["n"]) if "n" in rest else None,
        failures=tuple(rest["f"].items()) if "f" in rest else None,
    )
