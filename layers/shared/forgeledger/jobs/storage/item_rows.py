"""An item as a row; an absent attribute has its default, times are milliseconds since 1970."""

from forgeledger.aws.dynamodb.attributes import (
    UNDECODABLE,
    Members,
    Row,
    corrupt,
    number,
    optional_number,
    optional_text,
    text,
)
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.storage.keys import ITEM_PREFIX, item_sk

_STATES = Members(ItemState)
_TEXTS = (("worker", "worker_id"), ("payload", "payload"), ("result", "result"))
_TIMES = (
    ("leaseUntil", "lease_until"),
    ("dueAt", "due_at"),
    ("claimedAt", "claimed_at"),
    ("finishedAt", "finished_at"),
)


def encode_item(pk: str, item: Item, ttl: int | None) -> Row:
    row: Row = {
        "PK": {"S": pk},
        "SK": {"S": item_sk(item.item_id)},
        "state": {"S": item.state.value},
        "attempt": {"N": str(item.attempt)},
        "createdAt": {"N": str(item.created_at)},
        "updatedAt": {"N": str(item.updated_at)},
        # Offset of the item's latest event: its version.
        "event": {"N": str(item.offset)},
    }
    for name, attribute in _TEXTS:
        value = getattr(item, attribute)
        if value is not None:
            row[name] = {"S": value}
    for name, attribute in _TIMES:
        at = getattr(item, attribute)
        if at is not None:
            row[name] = {"N": str(at)}
    if item.forgiven:
        row["forgiven"] = number(item.forgiven)
    if item.failed_attempt:
        row["failedAttempt"] = number(item.failed_attempt)
    if item.failure is not None:
        row["errorType"] = text(item.failure.type)
        row["errorMessage"] = text(item.failure.message)
        row["retryable"] = {"BOOL": item.failure.retryable}
    if item.seen:
        row["seen"] = text(" ".join(item.seen))
    if ttl is not None:
        row["ttl"] = number(ttl)
    return row


def decode_item(row: Row) -> Item:
    try:
        return _decode(row)
    except UNDECODABLE as error:
        raise corrupt(row, error) from error


def _decode(row: Row) -> Item:
    failure = None
    if "errorType" in row:
        failure = Failure(
            type=row["errorType"]["S"],
            message=row["errorMessage"]["S"],
            retryable=row["retryable"]["BOOL"],
        )
    seen = optional_text(row, "seen")
    return Item(
        item_id=row["SK"]["S"].removeprefix(ITEM_PREFIX),
        state=_STATES[row["state"]["S"]],
        attempt=int(row["attempt"]["N"]),
        forgiven=optional_number(row, "forgiven") or 0,
        failed_attempt=optional_number(row, "failedAttempt") or 0,
        worker_id=optional_text(row, "worker"),
        lease_until=optional_number(row, "leaseUntil"),
        due_at=optional_number(row, "dueAt"),
        payload=optional_text(row, "payload"),
        result=optional_text(row, "result"),
        failure=failure,
        created_at=int(row["createdAt"]["N"]),
        claimed_at=optional_number(row, "claimedAt"),
        finished_at=optional_number(row, "finishedAt"),
        updated_at=int(row["updatedAt"]["N"]),
        offset=int(row["event"]["N"]),
        seen=() if seen is None else tuple(seen.split(" ")),
    )
