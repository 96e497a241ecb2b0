"""The events of one commit as a row, as short as they can be: a row costs what its bytes cost.

    [kind, itemId, mark, previous, {the rest}]

The last two are left out if there is none, and so are empty values at the end. Times are
milliseconds after the row's `at`. Free texts are referred to by number where JSON would escape
them, so that none takes more bytes than it has and the bounds of jobs.model.limits hold. Who
asked over HTTP is the same for all events of a commit, and so stands once in the row.
"""

from collections.abc import Sequence
from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import (
    Members,
    Row,
    decoder,
    numbers,
    optional_text,
    text,
)
from forgeledger.aws.dynamodb.key_ranges import key
from forgeledger.jobs.model.commands import CommandKind, Recount
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.ports import JournalRow
from forgeledger.jobs.storage.counts_rows import decode_counts, encode_counts
from forgeledger.journal.model.log_row import LogRow
from forgeledger.journal.storage.keys import log_offset, log_sk
from forgeledger.journal.storage.packed_entries import pack, refer, unpack

_CODES: Final = {
    EventKind.REGISTERED: "r",
    EventKind.CLAIMED: "c",
    EventKind.HEARTBEAT: "h",
    EventKind.COMPLETED: "d",
    EventKind.FAILED: "f",
    EventKind.EXPIRED: "e",
    EventKind.RELEASED: "l",
    EventKind.RETRIED: "a",
    EventKind.CANCELED: "k",
    EventKind.RESUMED: "u",
    EventKind.DUPLICATE: "=",
    EventKind.REJECTED: "x",
    EventKind.GATED: "g",
    EventKind.RECOUNTED: "n",
}
_KINDS: Final = {code: kind for kind, code in _CODES.items()}
_COMMANDS: Final = Members(CommandKind)
_REASONS: Final = Members(Reason)
_MODES: Final = Members(LaneMode)
# The letters of an event's fields in its rest.
_PLAIN: Final = (
    ("a", "attempt"),
    ("c", "command"),
    ("y", "reason"),
    ("g", "gate"),
    ("m", "mode"),
    ("s", "dispatch"),
    ("r", "resolved"),
    ("v", "held"),
)
_TIMES: Final = (("l", "lease_until"), ("d", "due_at"))
_TEXTS: Final = (
    ("w", "worker_id"),
    ("p", "payload"),
    ("o", "result"),
    ("k", "item_kind"),
    ("q", "group"),
)


def encode_journal_row(pk: str, commit: Commit, commit_id: str, ttl: int | None) -> Row:
    at = commit.events[0].at
    texts: list[str] = []
    events = [_encode(event, at, texts) for event in commit.events]
    row = {
        **key(pk, log_sk(commit.before.offset)),
        "commitId": text(commit_id),
        **numbers(at=at, ttl=ttl),
        **pack(events, texts),
    }
    if commit.client_id is not None:
        row["clientId"] = text(commit.client_id)
    return row


@decoder
def decode_journal_row(row: Row) -> JournalRow:
    at = int(row["at"]["N"])
    events, texts = unpack(row)
    client_id = optional_text(row, "clientId")
    entries = tuple(_decode(event, at, texts, client_id) for event in events)
    return LogRow(offset=log_offset(row["SK"]["S"]), entries=entries)


def _encode(event: Event, at: int, texts: list[str]) -> list[Any]:
    values: list[Any] = [_CODES[event.kind], refer(event.item_id, texts), refer(event.mark, texts)]
    if event.previous is not None:
        values.append(event.previous)
    rest = _encode_rest(event, at, texts)
    if rest:
        values.append(rest)
    while values[-1] is None:
        values.pop()
    return values


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
    if (failure := event.failure) is not None:
        rest["e"] = [refer(failure.type, texts), refer(failure.message, texts), failure.retryable]
    if event.ignored:
        rest["i"] = [refer(name, texts) for name in event.ignored]
    if (recount := event.recount) is not None:
        rest["n"] = [encode_counts(recount.counts), dict(recount.failures), recount.retrying]
    return rest


def _decode(values: Sequence[Any], at: int, texts: Sequence[str], client_id: str | None) -> Event:
    def text_of(value: Any) -> str | None:
        return texts[value] if isinstance(value, int) else value

    kind, item_id, mark = [*values, None, None][:3]
    previous: int | None = None
    rest: dict[str, Any] = {}
    for value in values[3:]:
        if isinstance(value, dict):
            rest = value
        else:
            previous = value
    failure = None
    if "e" in rest:
        error_type, message, retryable = rest["e"]
        failure = Failure(
            type=text_of(error_type) or "", message=text_of(message) or "", retryable=retryable
        )
    return Event(
        kind=_KINDS[kind],
        at=at + rest.get("t", 0),
        item_id=text_of(item_id),
        previous=previous,
        mark=text_of(mark),
        attempt=rest.get("a"),
        worker_id=text_of(rest.get("w")),
        lease_until=at + rest["l"] if "l" in rest else None,
        due_at=at + rest["d"] if "d" in rest else None,
        payload=text_of(rest.get("p")),
        item_kind=text_of(rest.get("k")),
        group=text_of(rest.get("q")),
        dispatch=rest.get("s"),
        resolved=rest.get("r"),
        result=text_of(rest.get("o")),
        failure=failure,
        command=_COMMANDS[rest["c"]] if "c" in rest else None,
        reason=_REASONS[rest["y"]] if "y" in rest else None,
        gate=rest.get("g"),
        mode=_MODES[rest["m"]] if "m" in rest else None,
        held=rest.get("v"),
        recount=_decode_recount(*rest["n"]) if "n" in rest else None,
        client_id=client_id,
        ignored=tuple(text_of(name) or "" for name in rest.get("i", ())),
    )


def _decode_recount(counts: dict[str, int], failures: dict[str, int], retrying: int) -> Recount:
    return Recount(
        counts=decode_counts(counts), failures=tuple(failures.items()), retrying=retrying
    )
