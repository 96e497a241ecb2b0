"""An item as a row; an absent attribute has its default, times are milliseconds since 1970."""

from forgeledger.aws.dynamodb.attributes import (
    Members,
    Row,
    decoder,
    optional_number,
    optional_text,
    texts,
)
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.storage.keys import item_id_of, item_sk

_STATES = Members(ItemState)


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
    # Each commit encodes all of its items: loops over pairs take half the time of dictionaries.
    for name, value in (
        ("worker", item.worker_id),
        ("payload", item.payload),
        ("result", item.result),
        ("seen", " ".join(item.seen) or None),
    ):
        if value is not None:
            row[name] = {"S": value}
    for name, count in (
        ("leaseUntil", item.lease_until),
        ("dueAt", item.due_at),
        ("claimedAt", item.claimed_at),
        ("pendingSince", item.pending_since),
        ("finishedAt", item.finished_at),
        ("forgiven", item.forgiven or None),
        ("failedAttempt", item.failed_attempt or None),
        ("ttl", ttl),
    ):
        if count is not None:
            row[name] = {"N": str(count)}
    # Most items have none of these.
    if item.kind is not None:
        row["kind"] = {"S": item.kind}
    if item.group is not None:
        row["group"] = {"S": item.group}
    if item.dispatch:
        row["dispatch"] = {"N": str(item.dispatch)}
    if item.dropped:
        row["dropped"] = {"BOOL": True}
    if item.failure is not None:
        row |= texts(errorType=item.failure.type, errorMessage=item.failure.message)
        row["retryable"] = {"BOOL": item.failure.retryable}
    return row


@decoder
def decode_item(row: Row) -> Item:
    failure = None
    if "errorType" in row:
        failure = Failure(
            type=row["errorType"]["S"],
            message=row["errorMessage"]["S"],
            retryable=row["retryable"]["BOOL"],
        )
    seen = optional_text(row, "seen")
    return Item(
        item_id=item_id_of(row),
        state=_STATES[row["state"]["S"]],
        attempt=int(row["attempt"]["N"]),
        forgiven=optional_number(row, "forgiven") or 0,
        failed_attempt=optional_number(row, "failedAttempt") or 0,
        worker_id=optional_text(row, "worker"),
        lease_until=optional_number(row, "leaseUntil"),
        due_at=optional_number(row, "dueAt"),
        dispatch=optional_number(row, "dispatch") or 0,
        payload=optional_text(row, "payload"),
        kind=optional_text(row, "kind"),
        group=optional_text(row, "group"),
        result=optional_text(row, "result"),
        failure=failure,
        created_at=int(row["createdAt"]["N"]),
        claimed_at=optional_number(row, "claimedAt"),
        pending_since=optional_number(row, "pendingSince"),
        finished_at=optional_number(row, "finishedAt"),
        updated_at=int(row["updatedAt"]["N"]),
        offset=int(row["event"]["N"]),
        dropped="dropped" in row,
        seen=() if seen is None else tuple(seen.split(" ")),
    )
